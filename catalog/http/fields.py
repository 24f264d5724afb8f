"""Request fields that Django REST framework lacks, or implements slowly."""

from __future__ import annotations

import base64
import binascii
from typing import Any, NoReturn

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field({"type": "array", "items": {"type": "number", "format": "double"}})
class NumbersField(serializers.Field):
    """A list of numbers, checked as a whole: a field for each of several hundred would cost more than the search."""

    default_error_messages = {"not_a_list": "Send a list of numbers.", "invalid": "This is not a number."}

    def to_internal_value(self, data: Any) -> list[float]:
        if not isinstance(data, list):
            self.fail("not_a_list")
        if not {*map(type, data)} <= {float, int}:
            self._fail_at(next(place for place, value in enumerate(data) if type(value) not in (float, int)))
        try:
            return [*map(float, data)]
        except OverflowError:
            self._fail_at(next(place for place, value in enumerate(data) if abs(value) > 10**300))

    def _fail_at(self, place: int) -> NoReturn:
        reason = serializers.ErrorDetail(str(self.error_messages["invalid"]), "invalid")
        raise serializers.ValidationError({str(place): [reason]})


@extend_schema_field({"type": "string", "format": "binary"})
class PictureField(serializers.Field):
    """The bytes of a picture: a form's file, or base64 in JSON, also as a data URL."""

    default_error_messages = {"invalid": "Send a file as multipart/form-data, or its base64 in JSON."}

    def to_internal_value(self, data: Any) -> bytes:
        if isinstance(data, UploadedFile):
            return data.read(settings.PICTURE_MAX_BYTES + 1)
        if not isinstance(data, str):
            self.fail("invalid")
        text = data.partition(";base64,")[2] if data.startswith("data:") else data
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            self.fail("invalid")
