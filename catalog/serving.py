"""The version that searches read from, and what of the site's rules goes with it.

A process remembers both. A search goes by what is remembered and reads their present stamp along with the items that
it shows, so it costs no statement to know whether they still hold. Where they do not, the search runs again: a change
counts from the next search on, in every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from django.db import connection

from catalog.models import IndexVersion, Item, RulesStamp
from catalog.rows import read_rows

NAMES = [field.attname for field in IndexVersion._meta.concrete_fields]
#: Another for each version, each change to its row and each change to a rule; NULL while no version is active.
STAMP_SQL = """(
    SELECT version.id || ' ' || version.xmin::text || version.ctid::text || ' '
        || coalesce((SELECT value::text FROM catalog_rulesstamp LIMIT 1), '')
    FROM catalog_indexversion AS version WHERE version.state = 'active'
)"""
SERVING_SQL = f"""
    SELECT {", ".join(NAMES)}, {STAMP_SQL}, coalesce((SELECT value FROM catalog_rulesstamp LIMIT 1), %s)
    FROM catalog_indexversion WHERE state = 'active'
"""  # noqa: S608

#: Fields of an item that no list of hits shows.
NOT_SHOWN = ("created_at", "updated_at")

_remembered: IndexVersion | None = None


class Outdated(Exception):
    """What was remembered of the serving version is no longer so."""


def serving_version() -> IndexVersion | None:
    """The active version with the present stamp of the rules, which are remembered; None while no version is active.

    As `IndexVersion.objects.with_rules_stamp().active()`, by a statement that is written once: see `read_rows`.
    """
    global _remembered
    with connection.cursor() as cursor:
        cursor.execute(SERVING_SQL, [RulesStamp.NONE])
        row = cursor.fetchone()
    if row is None:
        _remembered = None
        return None
    version = IndexVersion.from_db(connection.alias, NAMES, row[:-2])
    version.rules_stamp = row[-1]
    remembered = copy(version)
    remembered.serving_stamp = row[-2]
    _remembered = remembered  # as a whole: other threads may take it at once
    return version


def remembered_version() -> IndexVersion | None:
    """The version as this process knows it, with the stamp that it had.

    What is made of it holds only if that is still the present one: see `items_now`.
    """
    return _remembered


def present_stamp() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {STAMP_SQL}")
        (stamp,) = cursor.fetchone()
    return stamp


def items_now(ids: Sequence[int], version: IndexVersion | None) -> list[Item]:
    """The items with these ids, in no order. Raises Outdated when a remembered version is no longer as it was."""
    if version is None or version.serving_stamp is None:
        return Item.objects.in_order(ids)
    annotations = {"serving_stamp": STAMP_SQL}
    items = read_rows(Item, "id = ANY(%s)", [list(ids)], deferred=NOT_SHOWN, annotations=annotations)
    stamp = items[0].serving_stamp if items else present_stamp()  # type: ignore[attr-defined]
    if stamp != version.serving_stamp:
        raise Outdated
    return items
