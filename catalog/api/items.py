"""The API of items: read, create, replace, change and delete, one or a thousand at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.fields import ItemFields, item_fields
from catalog.http.pages import PageParameters, page
from catalog.http.permissions import may
from catalog.http.serializers import StrictSerializer, checked
from catalog.http.views import ApiView
from catalog.items.checks import ItemRefused
from catalog.items.saving import (
    SaveReport,
    change_items,
    changed,
    delete_item,
    delete_items,
    put_item,
    save_items,
)
from catalog.models import ApiKey, Item
from catalog.models.item import ItemQuerySet
from catalog.search.predicates import predicate

MAX_BULK = 1_000


class ItemSerializer(ItemFields):
    published = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ItemBody(StrictSerializer):
    """The fields of an item, for the documentation only: `catalog.items.checks` checks items from every source."""

    external_id = serializers.CharField(max_length=200, help_text="Your own key for the item.")
    title = serializers.CharField(max_length=1_000)
    body = serializers.CharField(required=False, max_length=1_000_000)
    category = serializers.CharField(required=False, max_length=200)
    attributes = serializers.DictField(
        required=False, help_text="Values by name: text, a number, true, false or a list of texts."
    )
    image = serializers.CharField(
        required=False, max_length=1_000, help_text="The URL of its picture, or a path under PICTURE_ROOT."
    )
    language = serializers.CharField(required=False, max_length=10)
    published = serializers.BooleanField(required=False, default=True)


class ItemChangeBody(ItemBody):
    title = serializers.CharField(required=False, max_length=1_000)
    attributes = serializers.DictField(
        required=False, help_text="Values by name, which are added to the others or replace them; null removes one."
    )
    published = serializers.BooleanField(required=False)


class ItemPageSerializer(serializers.Serializer[Any]):
    results = ItemSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


class ItemsParameters(PageParameters):
    filter = serializers.CharField(
        default="", allow_blank=True, help_text='For example: genres = "Comedy" AND year >= 1990'
    )


class RowField(serializers.Field[Any, Any, Any, Any]):
    """Accepts anything: each row is checked on its own, so that a bad one does not affect the others."""

    def to_internal_value(self, data: Any) -> Any:
        return data


class BulkBody(StrictSerializer):
    items = serializers.ListField(child=RowField(allow_null=True), min_length=1, max_length=MAX_BULK)


class BulkDocumentation(StrictSerializer):
    items = serializers.ListField(child=ItemBody(), min_length=1, max_length=MAX_BULK)


class BulkChangeDocumentation(StrictSerializer):
    items = serializers.ListField(child=ItemChangeBody(), min_length=1, max_length=MAX_BULK)


class RefusalSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Its position in the request, from 0.")
    field = serializers.CharField()
    reason = serializers.CharField()


class BulkReportSerializer(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = RefusalSerializer(many=True)


class DeleteBody(StrictSerializer):
    external_ids = serializers.ListField(child=serializers.CharField(max_length=200), min_length=1, max_length=MAX_BULK)


class DeletedSerializer(serializers.Serializer[Any]):
    deleted = serializers.IntegerField()


class ItemsAccess(ApiView):
    """Anyone who may search can read published items; writing, and seeing unpublished ones, needs the write scope."""

    read_scope = ApiKey.Scope.SEARCH
    write_scope = ApiKey.Scope.WRITE

    def visible(self, request: Request) -> ItemQuerySet:
        return Item.objects.all() if may(request, ApiKey.Scope.WRITE) else Item.objects.published()


class ItemsView(ItemsAccess):
    """List items, a page at a time, or save one."""

    query_class = ItemsParameters

    @extend_schema(operation_id="list_items", parameters=[ItemsParameters], responses=ItemPageSerializer)
    def get(self, request: Request) -> Response:
        items = self.visible(request).meeting(predicate(self.query["filter"]))
        return Response(page(items, describe_item, limit=self.query["limit"], cursor=self.query["cursor"]))

    @extend_schema(operation_id="save_item", request=ItemBody, responses={200: ItemSerializer, 201: ItemSerializer})
    def post(self, request: Request) -> Response:
        """Create the item, or replace the one with this `external_id`."""
        return respond_saved(body_of(request))


class ItemView(ItemsAccess):
    """One item."""

    @extend_schema(operation_id="read_item", responses=ItemSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(describe_item(get_object_or_404(self.visible(request), pk=pk)))

    @extend_schema(operation_id="replace_item", request=ItemBody, responses=ItemSerializer)
    def put(self, request: Request, pk: int) -> Response:
        """Replace the item; omitted fields get their defaults."""
        return self._change(request, pk, lambda item, given: {"external_id": item.external_id} | given)

    @extend_schema(operation_id="change_item", request=ItemChangeBody(partial=True), responses=ItemSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Change the fields and attributes given; an attribute given as null is removed."""
        return self._change(request, pk, changed)

    @extend_schema(operation_id="delete_item", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        delete_item(get_object_or_404(self.visible(request), pk=pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, request: Request, pk: int, after: Callable[[Item, dict[str, Any]], dict[str, Any]]) -> Response:
        given = body_of(request)
        with transaction.atomic():
            item = get_object_or_404(Item.objects.select_for_update(), pk=pk)
            if given.get("external_id", item.external_id) != item.external_id:
                raise refused("external_id", "An external_id cannot be changed. Create a new item instead.")
            return respond_saved(after(item, given))


class BulkItemsView(ItemsAccess):
    """Up to a thousand items in one request."""

    @extend_schema(operation_id="save_items", request=BulkDocumentation, responses=BulkReportSerializer)
    def post(self, request: Request) -> Response:
        """Create new items and replace existing ones. Bad items are refused with a reason, the rest saved."""
        return self._respond(save_items(checked(BulkBody(data=request.data))["items"]))

    @extend_schema(operation_id="change_items", request=BulkChangeDocumentation, responses=BulkReportSerializer)
    def patch(self, request: Request) -> Response:
        """Change the fields and attributes given of existing items, each named by its `external_id`.

        An attribute given as null is removed. Items that do not exist are refused, and bad ones, the rest changed.
        """
        return self._respond(change_items(checked(BulkBody(data=request.data))["items"]))

    def _respond(self, report: SaveReport) -> Response:
        return Response(
            {
                "created": report.created,
                "updated": report.updated,
                "unchanged": report.unchanged,
                "refused": [
                    {"index": refusal.index, "field": refusal.field, "reason": refusal.reason}
                    for refusal in report.refusals
                ],
            }
        )


class DeleteItemsView(ItemsAccess):
    """Deletes up to a thousand items."""

    @extend_schema(operation_id="delete_items", request=DeleteBody, responses=DeletedSerializer)
    def post(self, request: Request) -> Response:
        """External ids that do not exist are ignored."""
        external_ids = checked(DeleteBody(data=request.data))["external_ids"]
        return Response({"deleted": delete_items(external_ids)})


def describe_item(item: Item) -> dict[str, Any]:
    return {
        **item_fields(item),
        "published": item.published,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
    }


def body_of(request: Request) -> dict[str, Any]:
    """The body, which must be an object. Raises ValidationError."""
    if not isinstance(request.data, dict):
        raise refused("", "Send an object with the fields of an item.")
    return request.data


def refused(field: str, reason: str) -> serializers.ValidationError:
    return serializers.ValidationError({field: [serializers.ErrorDetail(reason, "invalid_item")]})


def respond_saved(fields: dict[str, Any]) -> Response:
    try:
        item, is_new = put_item(fields)
    except ItemRefused as error:
        raise refused(error.field, error.reason) from error
    if not is_new:
        return Response(describe_item(item))
    return Response(
        describe_item(item), status=status.HTTP_201_CREATED, headers={"Location": reverse("api-item", args=[item.pk])}
    )
