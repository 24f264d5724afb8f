"""The index version that searches read from, remembered by each process, with the stamp of the rules.

A search uses the version its process remembers, and reads the current stamp along with the items that it shows. So
checking whether the remembered version is current costs no statement. If it is not, the search runs again: a change
applies from the next search on, in every process. See docs/decisions/0015.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from django.db import connection

from catalog.database.rows import read_rows
from catalog.models import IndexVersion, Item, RulesStamp

VERSION_FIELDS = [field.attname for field in IndexVersion._meta.concrete_fields]
#: Differs for each active version, and after each change to its row or to a rule; NULL while no version is active.
STAMP_SQL = """(
    SELECT version.id || ' ' || version.xmin::text || version.ctid::text || ' '
        || coalesce((SELECT value::text FROM catalog_rulesstamp LIMIT 1), '')
    FROM catalog_indexversion AS version WHERE version.state = 'active'
)"""
SERVING_SQL = f"""
    SELECT {", ".join(VERSION_FIELDS)}, {STAMP_SQL}, coalesce((SELECT value FROM catalog_rulesstamp LIMIT 1), %s)
    FROM catalog_indexversion WHERE state = 'active'
"""  # noqa: S608

#: Item fields that no list of hits shows.
NOT_SHOWN = ("created_at", "updated_at")

_remembered: IndexVersion | None = None


class Outdated(Exception):
    """The remembered version, or the rules remembered with it, have changed."""


def serving_version() -> IndexVersion | None:
    """Read the active version with the current stamp of the rules, and remember it; None while no version is active.

    The same as `IndexVersion.objects.with_rules_stamp().active()`, with a statement that is not composed each time: see
    `read_rows`.
    """
    global _remembered
    with connection.cursor() as cursor:
        cursor.execute(SERVING_SQL, [RulesStamp.NONE])
        row = cursor.fetchone()
    if row is None:
        _remembered = None
        return None
    version = IndexVersion.from_db(connection.alias, VERSION_FIELDS, row[:-2])
    version.rules_stamp = row[-1]
    remembered = copy(version)
    remembered.serving_stamp = row[-2]
    _remembered = remembered  # replaced as a whole: other threads may read it at any time
    return version


def remembered_version() -> IndexVersion | None:
    """The version as this process last read it, with the stamp it had then; None if none was active.

    Results made with it are right only if its stamp is still current, which `items_now` checks.
    """
    return _remembered


def forget_version() -> None:
    """Forget the version: the connection now points at another database, with versions of its own."""
    global _remembered
    _remembered = None


def present_stamp() -> str | None:
    """The stamp of what serves right now. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {STAMP_SQL}")
        (stamp,) = cursor.fetchone()
    return stamp


def items_now(ids: Sequence[int], version: IndexVersion | None) -> list[Item]:
    """The items with these ids, in no order. Raises Outdated if `version` is a remembered one and has changed."""
    if version is None or version.serving_stamp is None:
        return Item.objects.in_order(ids)
    annotations = {"serving_stamp": STAMP_SQL}
    items = read_rows(Item, "id = ANY(%s)", [list(ids)], deferred=NOT_SHOWN, annotations=annotations)
    stamp = items[0].serving_stamp if items else present_stamp()  # type: ignore[attr-defined]
    if stamp != version.serving_stamp:
        raise Outdated
    return items
