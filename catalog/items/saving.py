"""Writing items: one row or a thousand, keyed by `external_id`, in one statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, transaction

from catalog.items.attributes import register_attributes
from catalog.items.checks import FIELDS, UNSTORABLE, ItemRefused, checked_item
from catalog.models import Item
from catalog.signals import items_changed
from catalog.unicode import composed

# Unchanged rows are not touched, so their `updated_at` stays and triggers have no work. `xmax` is 0 in a row version
# that this statement inserted, and this transaction's id in one that it updated.
UPSERT = """
INSERT INTO catalog_item AS item ({fields}, created_at, updated_at)
SELECT {fields}, now(), now()
FROM json_to_recordset(%s) AS given(
    external_id text, title text, body text, category text, attributes jsonb, image text, language text,
    published boolean
)
ON CONFLICT (external_id) DO UPDATE
SET ({fields}, updated_at) = ROW ({excluded}, excluded.updated_at)
WHERE ({current}) IS DISTINCT FROM ({excluded})
RETURNING id, external_id, xmax = 0
""".format(
    fields=", ".join(FIELDS),
    excluded=", ".join(f"excluded.{field}" for field in FIELDS),
    current=", ".join(f"item.{field}" for field in FIELDS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A row that was not saved: its index among the given rows, the field at fault and the reason."""

    index: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveReport:
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refusals: tuple[Refusal, ...] = ()


def save_items(rows: Sequence[Mapping[str, Any]]) -> SaveReport:
    """Create new items and replace those whose `external_id` is known.

    A row represents the whole item: omitted fields get their defaults. Bad rows are refused with a reason, the others
    are saved.
    """
    refusals: list[Refusal] = []
    accepted: dict[str, tuple[int, dict[str, Any]]] = {}
    for index, row in enumerate(rows):
        try:
            item = checked_item(row)
        except ItemRefused as refused:
            refusals.append(Refusal(index=index, field=refused.field, reason=refused.reason))
            continue
        if item["external_id"] in accepted:
            refusals.append(
                Refusal(index=index, field="external_id", reason="An earlier row has the same external_id.")
            )
        else:
            accepted[item["external_id"]] = (index, item)
    with transaction.atomic():
        items = []
        reasons = register_attributes([item["attributes"] for _, item in accepted.values()])
        for (index, item), reason in zip(accepted.values(), reasons, strict=True):
            if reason is None:
                items.append(item)
            else:
                refusals.append(Refusal(index=index, field="attributes", reason=reason))
        created, updated = _upsert(items)
    refusals.sort(key=lambda refusal: refusal.index)
    return SaveReport(
        created=created, updated=updated, unchanged=len(items) - created - updated, refusals=tuple(refusals)
    )


def change_items(rows: Sequence[Any]) -> SaveReport:
    """Change items that exist, as `changed` says. Rows of unknown items are refused with a reason, as bad ones are."""
    refusals: list[Refusal] = []
    places: list[int] = []
    whole: list[Any] = []
    with transaction.atomic():
        names = list(filter(None, map(_external_id, rows)))
        found = Item.objects.filter(pk__in=Item.objects.with_external_ids(names).held())
        known = {item.external_id: item for item in found}
        for index, row in enumerate(rows):
            name = _external_id(row)
            if name and name not in known:
                refusals.append(Refusal(index=index, field="external_id", reason="There is no item with this key."))
                continue
            places.append(index)
            whole.append(changed(known[name], row) if name else row)
        report = save_items(whole)
    refusals += [replace(refusal, index=places[refusal.index]) for refusal in report.refusals]
    return replace(report, refusals=tuple(sorted(refusals, key=lambda refusal: refusal.index)))


def changed(item: Item, given: Mapping[str, Any]) -> dict[str, Any]:
    """All fields of an item after a change, by JSON merge patch (RFC 7396).

    What is not given stays: fields, and single attributes. An attribute given as None is removed.
    """
    fields = {name: getattr(item, name) for name in FIELDS} | dict(given)
    if isinstance(attributes := given.get("attributes"), Mapping):
        replaced = {composed(name) for name in attributes if isinstance(name, str)}
        kept = {name: value for name, value in item.attributes.items() if name not in replaced}
        fields["attributes"] = kept | {name: value for name, value in attributes.items() if value is not None}
    return fields


def _external_id(row: Any) -> str:
    """The key of a row, as it is stored; empty if the row has none or one that cannot be."""
    name = row.get("external_id") if isinstance(row, Mapping) else None
    return name.strip() if isinstance(name, str) and not UNSTORABLE.search(name) else ""


def save_item(**fields: Any) -> Item:
    """Create or replace one item. Raises ItemRefused."""
    item, _ = put_item(fields)
    return item


def put_item(fields: Mapping[str, Any]) -> tuple[Item, bool]:
    """Create or replace one item; also return whether it is new. Raises ItemRefused."""
    with transaction.atomic():  # nobody can delete it before it is read
        report = save_items([fields])
        for refusal in report.refusals:
            raise ItemRefused(refusal.field, refusal.reason)
        return Item.objects.get(external_id=fields["external_id"].strip()), report.created == 1


def delete_item(item: Item) -> None:
    item.delete()
    _announce()


def delete_items(external_ids: Sequence[str]) -> int:
    """Delete the items with these external ids; return how many existed."""
    with transaction.atomic():
        found = Item.objects.with_external_ids(external_ids).held()
        _, by_model = Item.objects.filter(pk__in=found).delete()
    _announce()
    return by_model.get(Item._meta.label, 0)


def _upsert(items: list[dict[str, Any]]) -> tuple[int, int]:
    """Return how many rows were created and updated."""
    if not items:
        return 0, 0
    # Two writers of the same items take their row locks in the same order.
    items.sort(key=lambda item: item["external_id"])
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [json.dumps(items)])
        written = cursor.fetchall()
    if written:
        _announce()
    created = sum(is_new for _, _, is_new in written)
    return created, len(written) - created


def _announce() -> None:
    transaction.on_commit(lambda: items_changed.send(sender=Item))
