"""A trained taste space in use: folding in people, scoring items, and placing new items."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice

import numpy as np
import numpy.typing as npt

from catalog.models import IndexVersion, Item
from recommender.interests import Event, Kind
from recommender.models import TasteModel
from recommender.scoring import Scores, normalised
from recommender.space import storage
from recommender.space.contents import Contents, scaled
from recommender.space.folding import MOST_ITEMS, Folded, Spreads, fold
from recommender.space.learning import Guess
from recommender.space.parameters import Parameters
from recommender.space.strengths import strengths
from recommender.space.tower import Tower
from recommender.vectors import item_vectors

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]
#: About how many items a sweep places at a time, and how many slices of the catalogue it looks at.
MOST_PLACED, MOST_SLICES = 5_000, 100
#: By model, the item that this process's last sweep ended at: the next one goes on from there.
_swept: dict[int, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """A taste space without the vectors of its items, which are in PostgreSQL: see `storage`."""

    parameters: Parameters
    contents: Contents
    spreads: Spreads
    guess: Guess
    tower: Tower | None = None

    def dump(self) -> bytes:
        """The space as bytes; `load` is the inverse."""
        file = io.BytesIO()
        described = {
            "parameters": self.parameters.as_json(),
            "tags": self.contents.tags,
            "numbers": self.contents.numbers,
        }
        np.savez_compressed(
            file,
            described=np.array(json.dumps(described)),
            centre=self.contents.centre,
            content=self.spreads.content,
            factors=self.spreads.factors,
            map=self.guess.map,
            popularity=self.guess.popularity,
            popularity_centre=np.array(self.guess.centre),
            **(self.tower.as_arrays() if self.tower else {}),
        )
        return file.getvalue()

    @classmethod
    def load(cls, dumped: bytes) -> Space:
        with np.load(io.BytesIO(dumped), allow_pickle=False) as file:
            described = json.loads(str(file["described"]))
            return cls(
                parameters=Parameters(**described["parameters"]),
                # A space stored before contents had numbers contains none.
                contents=Contents(tags=described["tags"], numbers=described.get("numbers", {}), centre=file["centre"]),
                spreads=Spreads(content=file["content"], factors=file["factors"]),
                guess=Guess(map=file["map"], popularity=file["popularity"], centre=float(file["popularity_centre"])),
                tower=Tower.of_arrays(file),
            )

    def new(self, content: Floats) -> tuple[Floats, Floats]:
        """The target [factors | tower | prior] and the source [factors | tower] of an item that nobody met, predicted
        from its content (content dimensions,). The factors of the source are 0."""
        factors, prior = self.guess.of(content)
        targets, sources = self.tower.of(content) if self.tower else (np.zeros(0), np.zeros(0))
        return np.hstack([factors, targets, prior]), np.hstack([np.zeros(len(factors)), sources])


def space_of(model: TasteModel) -> Space:
    """A model's space, read once in each process: a trained model does not change."""
    return _space(model.pk, model.created_at)


@lru_cache(maxsize=2)
def _space(model_id: int, created_at: datetime) -> Space:
    return Space.load(bytes(TasteModel.objects.get(pk=model_id).space))


def fold_in(model: TasteModel, events: Sequence[Event], kinds: Mapping[str, Kind]) -> Folded | None:
    """The vector of somebody with these events, computed on the spot; None if none of their items is in the space, or
    the events cancel out.

    One query, and one more the first time that a process uses the model.
    """
    weighed = dict(list(strengths(events, kinds).items())[:MOST_ITEMS])
    placed, space = storage.read(model, weighed), space_of(model)
    rows = placed.rows()
    known = [item_id for item_id in weighed if item_id in rows]
    if not known:
        return None
    order = [rows[item_id] for item_id in known]
    return fold(
        known,
        np.array([weighed[item_id] for item_id in known]),
        contents=placed.targets[order, : len(space.contents.centre)].astype(np.float64),
        sources=placed.sources[order].astype(np.float64),
        spreads=space.spreads,
        parameters=space.parameters,
        tower=space.tower,
    )


def score_in_space(model: TasteModel, folded: Folded, targets: Vectors) -> tuple[Vectors, Scores]:
    """The normalised contents of items, (n, content dimensions), and their scores for the person folded in.

    `targets` is (n, dimensions), zeros for items that the space does not know. A score is the inner product of a target
    and the person's vector; its parts are the inner products with the terms of the past items.
    """
    width, nothing = len(space_of(model).contents.centre), np.zeros(len(targets))
    rows = folded.rows.astype(np.float32)
    scores = Scores(
        totals=(targets @ folded.vector.astype(np.float32)).astype(np.float64),
        popular=nothing,
        rest=nothing,
        sources=folded.item_ids,
        in_favour=folded.in_favour,
        parts_of=lambda positions: (targets[positions] @ rows.T).astype(np.float64),
    )
    return normalised(targets[:, :width]), scores


def place(version: IndexVersion, item_ids: Iterable[int]) -> int:
    """Write the vectors of items with new or changed passages to the active space; return how many.

    The content part is recomputed. The other parts stay as trained, or are predicted for an item that nobody met. Four
    queries, and one more for each item.
    """
    model = TasteModel.objects.active_for(version)
    vectors = item_vectors(version, item_ids) if model else {}
    if model is None or not vectors:
        return 0
    space, items, known = space_of(model), Item.objects.in_bulk(list(vectors)), storage.read(model, vectors)
    width, factors = len(space.contents.centre), space.guess.map.shape[1]
    met = {item_id: row for item_id, row in known.rows().items() if known.sources[row, :factors].any()}
    targets, sources = [], []
    for item_id, item in items.items():
        content = space.contents.of(vectors[item_id], (item.category, item.attributes))
        row = met.get(item_id)
        learnt, source = space.new(content) if row is None else (known.targets[row, width:], known.sources[row])
        targets.append(np.concatenate([scaled(content, version.dimensions, space.parameters.tag_length), learnt]))
        sources.append(source)
    placed = storage.Placed(
        item_ids=np.array(list(items), np.int64),
        targets=np.array(targets, np.float32),
        sources=np.array(sources, np.float32),
    )
    storage.write(model, placed)
    return len(items)


def place_missing() -> int:
    """Place items that have passages but no place in the active space, MOST_PLACED or a few more; return how many.

    Goes through the whole catalogue in one call, or in several if it is large.
    """
    version = IndexVersion.objects.active()
    model = TasteModel.objects.active_for(version) if version else None
    placed = 0
    if version is not None and model is not None:
        slices = storage.missing(model, after=_swept.get(model.pk, 0))
        for item_ids, last in islice(slices, MOST_SLICES):
            placed += place(version, item_ids) if item_ids else 0
            _swept[model.pk] = last
            if placed >= MOST_PLACED:
                break
    return placed
