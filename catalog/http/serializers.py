"""Serializers that refuse what they do not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from rest_framework import serializers
from rest_framework.fields import empty


class StrictSerializer(serializers.Serializer):
    """Unknown parameters and repeated parameters are errors, so neither is ever silently ignored."""

    default_error_messages = {"invalid": "Send a JSON object."}

    @cached_property
    def fields(self) -> Any:
        """Shared by all instances of the class: copying the declared fields costs more than checking a request.

        A partial serializer has its own, since fields ask the serializer they belong to whether it is partial.
        """
        if self.partial:
            return super().fields
        own = type(self)
        if "_shared_fields" not in vars(own):
            own._shared_fields = super().fields  # type: ignore[attr-defined]
        return own._shared_fields  # type: ignore[attr-defined]

    @property
    def _defaults(self) -> dict[str, Any]:
        """The defaults of optional fields that are the same for every request."""
        own = type(self)
        if "_shared_defaults" not in vars(own):
            own._shared_defaults = {  # type: ignore[attr-defined]
                name: field.default
                for name, field in self.fields.items()
                if not (field.required or field.read_only or callable(field.default) or field.default is empty)
                and field.source_attrs == [name]
                and not hasattr(self, f"validate_{name}")
            }
        return own._shared_defaults  # type: ignore[attr-defined]

    @property
    def _writable_fields(self) -> list[Any]:
        """The fields to check: those that are omitted and have a known default are skipped."""
        return [field for field in super()._writable_fields if field.field_name not in self._left_out]

    def to_internal_value(self, data: Any) -> Any:
        self._left_out: dict[str, Any] = {}
        if isinstance(data, Mapping):
            if errors := dict(self._faults(data)):
                raise serializers.ValidationError(errors)
            if isinstance(data, MultiValueDict):
                # A plain dict, since an omitted switch would otherwise count as an unticked one in a form.
                data = {name: values[0] if len(values) == 1 else values for name, values in data.lists()}
            if not self.root.partial:
                self._left_out = {name: value for name, value in self._defaults.items() if name not in data}
        return self._left_out | super().to_internal_value(data)

    def _faults(self, data: Mapping[str, Any]) -> Iterator[tuple[str, list[serializers.ErrorDetail]]]:
        for name in sorted(data.keys() - self.fields.keys()):
            reason = f"Unknown parameter. Known: {', '.join(sorted(self.fields)) or 'none'}."
            yield name, [serializers.ErrorDetail(reason, "unknown_parameter")]
        for name, values in data.lists() if isinstance(data, MultiValueDict) else ():
            field = self.fields.get(name)
            if len(values) > 1 and field is not None and not isinstance(field, serializers.ListField):
                yield name, [serializers.ErrorDetail("Send this parameter only once.", "repeated_parameter")]


def checked(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    """The validated data. Raises ValidationError, which becomes a 400 that names the field."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
