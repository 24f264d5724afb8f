"""The trigger that puts on record what lists are made by, whenever that changes, so that a list can be made again."""

from __future__ import annotations

import pgtrigger

#: Whoever changes any of this takes turns until it is committed: each record is of the whole, and of two changes at a
#: time neither would know of the other.
LOCK = 0x2EC02D
# One row of the whole, as it is after the change; none where the change leaves all of this as it was.
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
    """Every change is put on record in its own transaction, so bulk SQL is covered as well."""
    return pgtrigger.Trigger(
        name="keep_serving_record",
        level=pgtrigger.Statement,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        when=pgtrigger.After,
        func=f"{RECORD_SQL}RETURN NULL;",
    )
