"""The trigger that renews a stamp.

A stamp is a row that differs after each change, so that processes can tell whether what they know is still current.
"""

from __future__ import annotations

import pgtrigger


def renew_stamp(app: str, subject: str) -> pgtrigger.Trigger:
    """Every change writes a new stamp in its own transaction, so bulk SQL is covered as well."""
    return pgtrigger.Trigger(
        name=f"renew_{subject}_stamp",
        level=pgtrigger.Statement,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
        when=pgtrigger.After,
        func=f"""
            INSERT INTO {app}_{subject}stamp (id, value) VALUES (1, gen_random_uuid())
            ON CONFLICT (id) DO UPDATE SET value = excluded.value;
            RETURN NULL;
        """,  # noqa: S608
    )
