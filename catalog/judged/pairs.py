"""Semantic textual similarity: how well an encoder orders pairs of texts that people have scored."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from catalog.embedding.base import Encoder

COLUMNS = ("first", "second", "score")
FEWEST_PAIRS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPair:
    """Two texts and how similar they are, on any scale."""

    first: str
    second: str
    score: float


def read_pairs(path: Path) -> list[ScoredPair]:
    """Read a CSV, or a tab-separated file if the name ends in `.tsv`, with the columns first, second and score.

    Raises OSError, and ValueError that names the line at fault.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
            raise ValueError(f"{path.name} has no column {' and no column '.join(missing)}.")
        pairs = [_pair(path, rows.line_num, row) for row in rows]
    if len(pairs) < FEWEST_PAIRS:
        raise ValueError(f"{path.name} has {len(pairs)} pairs; at least {FEWEST_PAIRS} are needed.")
    return pairs


def measure_similarity(encoder: Encoder, pairs: Sequence[ScoredPair]) -> float:
    """Spearman's rank correlation of cosines and scores, -1 to 1; 1 if both order the pairs alike."""
    first, second = (encoder.encode_documents([getattr(pair, name) for pair in pairs]) for name in COLUMNS[:2])
    cosines = (first * second).sum(axis=1, dtype=np.float64)
    return spearman(cosines, np.array([pair.score for pair in pairs], dtype=np.float64))


def spearman(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Spearman's rank correlation of two arrays (n,). Equal values share their mean rank; 0 if either is constant."""
    ranks = [_ranks(values) - (len(values) - 1) / 2 for values in (one, other)]
    lengths = np.linalg.norm(ranks[0]) * np.linalg.norm(ranks[1])
    return float(ranks[0] @ ranks[1] / lengths) if lengths else 0.0


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts + 1) / 2)[places])


def _pair(path: Path, line: int, row: dict[str, str]) -> ScoredPair:
    try:
        return ScoredPair(first=row["first"], second=row["second"], score=float(row["score"]))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path.name}, line {line}: {row.get('score')!r} is not a score.") from error
