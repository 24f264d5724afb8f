"""The trigger that records the settings that lists are made with at every change, so that lists can be reproduced."""

from __future__ import annotations

import pgtrigger

#: Transactions that change any of these settings take turns until they commit: each record covers all of them, and two
#: concurrent changes would not see each other.
LOCK = 0x2EC02D
# One row with everything as it is after the change; none if the change leaves everything as it was.
RECORD_SQL = f"""
    PERFORM pg_advisory_xact_lock({LOCK});
    INSERT INTO recommender_servingrecord (since, in_force)
    SELECT clock_timestamp(), now_in_force FROM (
        SELECT jsonb_build_object(
            'scenarios', (SELECT coalesce(jsonb_object_agg(scenario, changes), '{{}}') FROM recommender_scenariochange),
            'experiments', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'id', id, 'name', name, 'scenario', scenario, 'salt', salt, 'variants', variants
                ) ORDER BY id), '[]')
                FROM recommender_experiment WHERE state = 'running'
            ),
            'kinds', (
                SELECT coalesce(jsonb_object_agg(name, jsonb_build_array(weight, half_life_days)), '{{}}')
                FROM recommender_eventkind
            ),
            'model', (SELECT id FROM recommender_tastemodel WHERE state = 'active')
        )
    ) AS state (now_in_force)
    WHERE now_in_force IS DISTINCT FROM (
        SELECT in_force FROM recommender_servingrecord ORDER BY since DESC, id DESC LIMIT 1
    );
"""  # noqa: S608


def keep_record() -> pgtrigger.Trigger:
    """Record every change in its own transaction, so that bulk SQL is covered as well."""
    return pgtrigger.Trigger(
        name="keep_serving_record",
        level=pgtrigger.Statement,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        when=pgtrigger.After,
        func=f"{RECORD_SQL}RETURN NULL;",
    )
