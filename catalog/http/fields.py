"""Fields of requests that Django REST framework has no fast ones for."""

from __future__ import annotations

from typing import Any, NoReturn

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field({"type": "array", "items": {"type": "number", "format": "double"}})
class NumbersField(serializers.Field):
    """A list of numbers, checked as one: a field for each of some hundred would cost more than the search."""

    default_error_messages = {"not_a_list": "This is a list of numbers.", "invalid": "This is not a number."}

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
