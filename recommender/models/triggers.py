"""The statement triggers on `Interaction` that mark the profiles it changes, in the writer's own transaction.

They run once per statement, so an import of a thousand rows marks each of its users once. Subjects are processed in
order, so that two writers never deadlock.
"""

from __future__ import annotations

import pgtrigger

MARK_CHANGED = """
    INSERT INTO recommender_profilestate ({column}, changed_at, due_at)
    SELECT {column}, clock_timestamp(), clock_timestamp() FROM new_rows
    WHERE {column} IS NOT NULL GROUP BY {column} ORDER BY {column}
    ON CONFLICT ({column}) DO UPDATE SET changed_at = excluded.changed_at, due_at = excluded.due_at;
"""
# A subject without a row has no profile that could be wrong; its account may be in the middle of being deleted.
MARK_REMAINING = """
    UPDATE recommender_profilestate SET changed_at = clock_timestamp(), due_at = clock_timestamp()
    WHERE {column} IN (SELECT {column} FROM old_rows);
"""


def _for_subjects(statement: str) -> str:
    return statement.format(column="user_id") + statement.format(column="visitor")


INTERACTION_TRIGGERS = [
    pgtrigger.Trigger(
        name="mark_profiles_of_inserted",
        level=pgtrigger.Statement,
        operation=pgtrigger.Insert,
        when=pgtrigger.After,
        referencing=pgtrigger.Referencing(new="new_rows"),
        func=_for_subjects(MARK_CHANGED) + "RETURN NULL;",
    ),
    pgtrigger.Trigger(
        name="mark_profiles_of_updated",
        level=pgtrigger.Statement,
        operation=pgtrigger.Update,
        when=pgtrigger.After,
        referencing=pgtrigger.Referencing(old="old_rows", new="new_rows"),
        func=_for_subjects(MARK_REMAINING) + _for_subjects(MARK_CHANGED) + "RETURN NULL;",
    ),
    pgtrigger.Trigger(
        name="mark_profiles_of_deleted",
        level=pgtrigger.Statement,
        operation=pgtrigger.Delete,
        when=pgtrigger.After,
        referencing=pgtrigger.Referencing(old="old_rows"),
        func=_for_subjects(MARK_REMAINING) + "RETURN NULL;",
    ),
]
