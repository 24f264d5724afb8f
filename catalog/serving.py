"""The version that searches read from, which every one of them asks for."""

from __future__ import annotations

from django.db import connection

from catalog.models import IndexVersion, RulesStamp

NAMES = [field.attname for field in IndexVersion._meta.concrete_fields]
SERVING_SQL = f"""
    SELECT {", ".join(NAMES)}, coalesce((SELECT value FROM catalog_rulesstamp LIMIT 1), %s)
    FROM catalog_indexversion WHERE state = 'active'
"""  # noqa: S608


def serving_version() -> IndexVersion | None:
    """The active version with the present stamp of the rules; None while no version is active.

    As `IndexVersion.objects.with_rules_stamp().active()`, by a statement that is written once: see `read_rows`.
    """
    with connection.cursor() as cursor:
        cursor.execute(SERVING_SQL, [RulesStamp.NONE])
        row = cursor.fetchone()
    if row is None:
        return None
    version = IndexVersion.from_db(connection.alias, NAMES, row[:-1])
    version.rules_stamp = row[-1]
    return version
