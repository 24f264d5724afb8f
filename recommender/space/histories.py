"""Everybody's histories as arrays, and the splits that a training measures on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from catalog.database.statements import patient_cursor
from recommender.models.personal import is_personalised
from recommender.space.strengths import FULL_WEIGHT, STARS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: A training reads only this many events, the newest; each takes about 100 bytes of memory.
MOST_EVENTS = 5_000_000
#: The share of each person's positives that is held out, the newest ones.
HELD_OUT = 0.2
#: The share of the items with positives that is withheld to stand for new items, and the most people who are asked
#: about them.
WITHHELD, MOST_ASKED = 0.1, 1_000
#: A positive has at least this share of the person's greatest strength.
POSITIVE_SHARE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What one person did, in time order."""

    items: Integers
    """(n,): items by number."""
    strengths: Floats
    """(n,): from -1 to 1, see `strengths`."""

    def newest_first(self, most: int) -> tuple[Integers, Floats]:
        """The newest `most` items and their strengths."""
        return self.items[::-1][:most], self.strengths[::-1][:most]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A split by time, with an entry for each person in both."""

    histories: Sequence[History]
    """The events before the first held-out positive."""
    held_out: Sequence[frozenset[int]]
    """The items of the held-out positives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A split by item: some items are taken out of everybody's history, as if they were new."""

    histories: Sequence[History]
    """Everybody's history without those items."""
    items: Integers
    """The withheld items, sorted."""
    asked: Sequence[int]
    """Places in `histories` of people who have both a withheld positive and something left."""
    wanted: Sequence[frozenset[int]]
    """Their withheld positives, as places in `items`; parallel to `asked`."""


def read_histories(item_ids: Integers) -> list[History]:
    """The history of these items of everybody who has not opted out. `item_ids` must be sorted; items are numbered by
    their places in it.

    One statement, which scans all interactions once.
    """
    stars = " ".join(f"WHEN interaction.value >= {least} THEN {value}" for least, value in STARS)
    with patient_cursor() as cursor:
        cursor.execute(
            f"""
            SELECT dense_rank() OVER (ORDER BY user_id, visitor), item_id, strength FROM (
                SELECT user_id, visitor, item_id, max(occurred_at) AS newest, greatest(-1, least(1, sum(
                    CASE WHEN interaction.value IS NULL THEN greatest(-1, least(1, kind.weight / {FULL_WEIGHT}))
                    {stars} ELSE 0 END
                ))) AS strength
                FROM (SELECT * FROM recommender_interaction ORDER BY id DESC LIMIT %s) AS interaction
                JOIN recommender_eventkind AS kind ON kind.name = interaction.kind_id
                WHERE {is_personalised("interaction")}
                GROUP BY user_id, visitor, item_id
            ) AS met WHERE strength <> 0 ORDER BY 1, newest, item_id
            """,  # noqa: S608
            [MOST_EVENTS],
        )
        rows = np.array(cursor.fetchall(), dtype=np.float64).reshape(-1, 3)
    people, ids, strengths = rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), rows[:, 2]
    places = np.minimum(np.searchsorted(item_ids, ids), max(len(item_ids) - 1, 0))
    known = item_ids[places] == ids if len(item_ids) else np.zeros(len(ids), bool)
    people, places, strengths = people[known], places[known], strengths[known]
    starts = np.flatnonzero(np.diff(people)) + 1
    return [
        History(items=own, strengths=weights)
        for own, weights in zip(np.split(places, starts), np.split(strengths, starts), strict=True)
        if len(own)
    ]


def split(histories: Sequence[History]) -> Split:
    """Hold out the newest HELD_OUT of each person's positives; the history ends before the first of them."""
    kept, held_out = [], []
    for history in histories:
        most = float(history.strengths.max())
        positive = np.flatnonzero((history.strengths > 0) & (history.strengths >= POSITIVE_SHARE * most))
        held = positive[len(positive) - int(len(positive) * HELD_OUT) :]
        end = held[0] if len(held) else len(history.items)
        kept.append(History(items=history.items[:end], strengths=history.strengths[:end]))
        held_out.append(frozenset(history.items[held].tolist()))
    return Split(histories=kept, held_out=held_out)


def withhold(histories: Sequence[History]) -> Withheld:
    """Withhold the share WITHHELD of the items with positives, drawn with a fixed seed."""
    positives = [_positives(history) for history in histories]
    known = np.unique(np.concatenate([np.zeros(0, np.int64), *positives]))
    items = np.sort(np.random.default_rng(0).permutation(known)[: int(len(known) * WITHHELD)])
    others = [~np.isin(history.items, items) for history in histories]
    kept = [
        History(items=history.items[own], strengths=history.strengths[own])
        for history, own in zip(histories, others, strict=True)
    ]
    wanted = [frozenset(np.flatnonzero(np.isin(items, own)).tolist()) for own in positives]
    able = [place for place, own in enumerate(wanted) if own and len(kept[place].items)]
    asked = able[:: max(1, -(-len(able) // MOST_ASKED))]
    return Withheld(histories=kept, items=items, asked=asked, wanted=[wanted[place] for place in asked])


def _positives(history: History) -> Integers:
    if not len(history.items):
        return history.items
    least = POSITIVE_SHARE * float(history.strengths.max())
    return history.items[(history.strengths > 0) & (history.strengths >= least)]


def interactions(histories: Sequence[History], items: int) -> csr_matrix:
    """Strengths above 0 as a sparse matrix, (people, items)."""
    from scipy.sparse import csr_matrix

    lengths = [len(history.items) for history in histories]
    rows = np.repeat(np.arange(len(histories)), lengths)
    columns = np.concatenate([history.items for history in histories]) if histories else np.zeros(0, np.int64)
    values = np.concatenate([history.strengths for history in histories]) if histories else np.zeros(0)
    matrix = csr_matrix((np.maximum(values, 0.0), (rows, columns)), shape=(len(histories), items))
    matrix.eliminate_zeros()
    return matrix
