"""How much items have been liked lately, by everybody."""

from __future__ import annotations

import time

from django.db import connection

from recommender.interests import MIDDLE_STARS
from recommender.models.personal import is_personalised
from recommender.past import Past

#: The half-life of a like, in days, measured from the newest interaction of all. Ten years worked best on two decades
#: of film ratings; on a younger site little fades.
HALF_LIFE_DAYS = 3_650.0
#: A rating counts by its stars above the middle, and as no more than this many.
MOST_STARS = 5.0
#: Refreshing takes at most this share of the time, however many interactions there are.
MOST_TIME = 0.05
_rest_until_s = 0.0


def refresh_in_turn() -> int | None:
    """Call `refresh`, unless this process did so too recently: then return None."""
    global _rest_until_s
    started = time.monotonic()
    if started < _rest_until_s:
        return None
    items = refresh()
    ended = time.monotonic()
    _rest_until_s = ended + (ended - started) * (1 / MOST_TIME - 1)
    return items


def refresh() -> int:
    """Bring every item's popularity up to date and return how many items have any.

    One statement: it reads the interactions once, at about half a million per second, and writes the rows that differ.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH sums AS (
                {_sums(known="true", kinds="recommender_eventkind")}
            ), gone AS (
                DELETE FROM recommender_itempopularity AS popularity
                WHERE NOT EXISTS (SELECT FROM sums WHERE sums.item_id = popularity.item_id)
            ), written AS (
                INSERT INTO recommender_itempopularity AS popularity (item_id, score)
                SELECT item_id, score FROM sums
                ON CONFLICT (item_id) DO UPDATE SET score = excluded.score WHERE popularity.score <> excluded.score
            )
            SELECT count(*) FROM sums
            """  # noqa: S608
        )
        return int(cursor.fetchone()[0])


def table(past: Past | None) -> str:
    """Popularity as a table of `item_id` and `score`: the stored one, or the one recomputed for a past moment.

    For a moment it reads the interactions up to then, at about half a million per second, with `past.parameters`.
    """
    if past is None:
        return "recommender_itempopularity"
    weighed = """(
        SELECT name, coalesce((%(weights)s::jsonb ->> name)::float8, weight) AS weight FROM recommender_eventkind
    )"""
    return f"({_sums(known=past.events, kinds=weighed)})"


def _sums(*, known: str, kinds: str) -> str:
    """SQL for the items that people who have not opted out interacted with positively, and their scores. `known` is a
    condition on the events, which are named `event`, and `kinds` a table of names and weights.

    Of a person's events of one kind with an item only the weightiest counts, so nobody makes an item popular alone. The
    events are hashed by person, item and kind, then these groups by item. What exceeds the working memory, from some
    hundred thousand groups on, goes to disk in between.
    """
    return f"""
        SELECT item_id, sum(weight) AS score FROM (
            SELECT event.item_id, max(kind.weight
                * (CASE WHEN event.value IS NULL THEN 1 ELSE least(event.value, {MOST_STARS}) - {MIDDLE_STARS} END)
                * exp(-ln(2) * least(extract(epoch FROM latest.moment - event.occurred_at)::float8
                    / 86400 / {HALF_LIFE_DAYS}::float8, 1000::float8))
            ) AS weight
            FROM recommender_interaction AS event
            CROSS JOIN (SELECT max(occurred_at) AS moment FROM recommender_interaction AS event WHERE {known}) AS latest
            JOIN {kinds} AS kind ON kind.name = event.kind_id AND kind.weight > 0
            WHERE (event.value IS NULL OR event.value > {MIDDLE_STARS}) AND {known} AND {is_personalised("event")}
            GROUP BY event.user_id, event.visitor, event.item_id, event.kind_id
        ) AS weightiest GROUP BY item_id
    """  # noqa: S608
