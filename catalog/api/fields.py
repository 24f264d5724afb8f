"""The fields of an item, shared by items and hits."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from catalog.models import Item


class ItemFields(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    external_id = serializers.CharField()
    title = serializers.CharField()
    body = serializers.CharField()
    category = serializers.CharField()
    language = serializers.CharField()
    attributes = serializers.DictField()
    image = serializers.CharField()
    url = serializers.CharField()


def item_fields(item: Item) -> dict[str, Any]:
    return {
        "id": item.pk,
        "external_id": item.external_id,
        "title": item.title,
        "body": item.body,
        "category": item.category,
        "language": item.language,
        "attributes": item.attributes,
        "image": item.image,
        "url": item.get_absolute_url(),
    }
