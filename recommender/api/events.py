"""Events as the API accepts them, each checked by itself so that one bad row does not spoil the others."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.items.checks import MAX_LENGTHS, UNSTORABLE
from catalog.models import Item
from recommender.api.callers import SubjectParameters
from recommender.importing import CLOCK_SKEW, MAX_EVENT_ID, MAX_VALUE, RATING
from recommender.interactions import NewInteraction
from recommender.models import EventKind
from recommender.subjects import Subject

MAX_BATCH = 1_000
MAX_EXTERNAL_ID = MAX_LENGTHS["external_id"]


@extend_schema_field(
    {"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "minLength": 1, "maxLength": MAX_EXTERNAL_ID}]}
)
class ItemKeyField(serializers.Field[Any, Any, Any, Any]):
    """An item by its id (a number) or its external id (a string)."""

    default_error_messages = {"invalid": "Send the item's id as a number or its external id as a text."}

    def to_internal_value(self, data: Any) -> int | str:
        is_id = isinstance(data, int) and not isinstance(data, bool) and 0 < data < 2**63
        if is_id or (isinstance(data, str) and 0 < len(data) <= MAX_EXTERNAL_ID and not UNSTORABLE.search(data)):
            return data
        self.fail("invalid")

    def to_representation(self, value: Any) -> Any:
        return value


class EventBody(SubjectParameters):
    item = ItemKeyField(help_text="The item's id, or its external id as a text.")
    kind = serializers.CharField(max_length=20, help_text="view, click, like, rating, ...")
    value = serializers.FloatField(
        default=None, allow_null=True, min_value=-MAX_VALUE, max_value=MAX_VALUE, help_text="The stars of a rating."
    )
    occurred_at = serializers.DateTimeField(default=None, allow_null=True, help_text="Default: now.")
    event_id = serializers.CharField(
        default="", allow_blank=True, max_length=MAX_EVENT_ID, help_text="Makes it safe to resend the event."
    )
    request_id = serializers.CharField(
        default="", allow_blank=True, max_length=64, help_text="The request_id of the response that showed the item."
    )

    def validate_user(self, username: str | None) -> str | None:
        if username is not None and not username.isprintable():
            raise serializers.ValidationError("Use printable text.", code="invalid")
        return username

    def validate_occurred_at(self, moment: datetime | None) -> datetime | None:
        if moment is not None and moment > timezone.now() + CLOCK_SKEW:
            raise serializers.ValidationError("This is in the future.", code="in_the_future")
        return moment

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        kinds: Sequence[str] = self.context["kinds"]
        if attrs["kind"] not in kinds:
            raise serializers.ValidationError(
                {"kind": f"Unknown kind. Known: {', '.join(kinds)}."}, code="unknown_kind"
            )
        if attrs["kind"] == RATING and (attrs["value"] is None or not math.isfinite(attrs["value"])):
            raise serializers.ValidationError({"value": "A rating needs a value, its stars."}, code="required")
        if attrs["kind"] != RATING and attrs["value"] is not None:
            raise serializers.ValidationError({"value": "Only a rating may have a value."}, code="unexpected")
        return attrs


class EventsBody(serializers.Serializer[Any]):
    """One event or a list of them, for the documentation only."""


class EventsShape(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = EventsBody

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        event = auto_schema.resolve_serializer(EventBody, direction).ref
        return {"oneOf": [event, {"type": "array", "items": event, "minItems": 1, "maxItems": MAX_BATCH}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row that was not recorded: its position in the request, the field at fault and the reason."""

    index: int
    field: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Batch:
    """Rows that can be recorded, by subject, and those that cannot."""

    events: defaultdict[Subject, list[NewInteraction]] = field(default_factory=lambda: defaultdict(list))
    refused: list[Refused] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return sum(map(len, self.events.values()))


def checked_rows(rows: Sequence[Any], *, all_or_nothing: bool) -> tuple[dict[int, dict[str, Any]], list[Refused]]:
    """The valid rows by index, and what is wrong with the others; with `all_or_nothing` a fault is raised instead."""
    kinds = list(EventKind.objects.values_list("name", flat=True))
    valid, refused = {}, []
    for index, row in enumerate(rows):
        serializer = EventBody(data=row, context={"kinds": kinds})
        if serializer.is_valid(raise_exception=all_or_nothing):
            valid[index] = dict(serializer.validated_data)
        else:
            name, details = next(iter(serializer.errors.items()))
            name = "" if name == "non_field_errors" else name
            refused.append(Refused(index=index, field=name, reason=str(details[0])))
    return valid, refused


def with_items(rows: Mapping[int, Mapping[str, Any]], refused: list[Refused]) -> dict[int, dict[str, Any]]:
    """The rows whose items exist, with the items' ids; the others are added to those refused."""
    items = _item_ids(row["item"] for row in rows.values())
    absent = [index for index, row in rows.items() if row["item"] not in items]
    refused += [Refused(index=index, field="item", reason="This item does not exist.") for index in absent]
    return {index: {**row, "item": items[row["item"]]} for index, row in rows.items() if index not in absent}


def batch_of(rows: Mapping[int, Mapping[str, Any]], subjects: Mapping[int, Subject], refused: list[Refused]) -> Batch:
    """Group valid rows by subject; rows without one are refused."""
    batch = Batch(refused=refused)
    for index, row in rows.items():
        if not subjects[index].known:
            batch.refused.append(Refused(index=index, field="user", reason="Name a user or a visitor."))
        else:
            names = ("kind", "value", "occurred_at", "event_id", "request_id")
            event = NewInteraction(item_id=row["item"], **{name: row[name] for name in names})
            batch.events[subjects[index]].append(event)
    batch.refused.sort(key=lambda row: row.index)
    return batch


def _item_ids(keys: Iterable[int | str]) -> dict[int | str, int]:
    """Ids of the published items among these, keyed by the id or external id that was given."""
    keys = set(keys)
    published = Item.objects.published()
    by_external_id = published.ids_by_external_id(key for key in keys if isinstance(key, str))
    by_id = published.in_bulk([key for key in keys if isinstance(key, int)])
    return {**by_external_id, **{pk: pk for pk in by_id}}
