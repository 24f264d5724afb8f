"""The index version a request is about, and the balance of words and meaning in it."""

from __future__ import annotations

from rest_framework import serializers

from catalog.http.serializers import StrictSerializer
from catalog.search.queries import DEFAULT_RATIO


class VersionAsked(StrictSerializer):
    version = serializers.IntegerField(
        default=None, allow_null=True, help_text="A live index version; default: the serving one."
    )
    semantic_ratio = serializers.FloatField(
        default=DEFAULT_RATIO, min_value=0, max_value=1, help_text="0 counts only words, 1 only meaning."
    )
