"""How many passages an index version has. What is measured on them is measured again once they have doubled."""

from __future__ import annotations

from django.db import connection

from catalog.database.statements import patient_cursor
from catalog.models import IndexVersion

#: Counting up to this many takes a few milliseconds.
COUNTED_UP_TO = 20_000


def passages_counted(version: IndexVersion) -> int:
    """All of them, one by one."""
    with patient_cursor() as cursor:
        cursor.execute("SELECT count(*) FROM catalog_passage WHERE version_id = %s", [version.pk])
        return int(cursor.fetchone()[0])


def passages_estimated(version: IndexVersion) -> int:
    """PostgreSQL's last estimate; 0 before there is one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)", [f"catalog_passage_v{version.pk}"])
        row = cursor.fetchone()
    return max(int(row[0]), 0) if row else 0


def passages_about(version: IndexVersion) -> int:
    """Counted up to COUNTED_UP_TO, estimated beyond."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM catalog_passage WHERE version_id = %s LIMIT %s) AS passages",
            [version.pk, COUNTED_UP_TO],
        )
        counted = int(cursor.fetchone()[0])
    return counted if counted < COUNTED_UP_TO else max(counted, passages_estimated(version))
