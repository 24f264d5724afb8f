"""Serializers that refuse what they do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class StrictSerializer(serializers.Serializer):
    """Unknown parameters are errors, so a misspelt one is never silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                reason = f"Unknown parameter. Known: {', '.join(sorted(self.fields))}."
                detail = serializers.ErrorDetail(reason, "unknown_parameter")
                raise serializers.ValidationError({name: [detail] for name in unknown})
        return super().to_internal_value(data)
