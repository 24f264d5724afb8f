"""Who gets which variant of an experiment: arithmetic only, without a database.

A person is represented by a number, the unit. Hashed with the experiment's salt it becomes a point between 0 and 1, and
the shares divide that interval: the same person always gets the same variant, and each experiment splits afresh.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.crypto import salted_hmac

from recommender.serving.scenarios import ScenarioSettings

RANGE = 2.0**64


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    name: str
    share: float
    settings: ScenarioSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A running experiment. The first variant is the one that others are compared with."""

    experiment_id: int
    name: str
    salt: UUID
    variants: tuple[Variant, ...]

    def variant_of(self, unit: int) -> Variant:
        return variant_at(point_of(self.salt, unit), self.variants)

    def pseudonym(self, unit: int) -> int:
        """What represents a person in this experiment's log, and in no other."""
        return keyed_hash(f"experiment {self.experiment_id}", str(unit))


def point_of(salt: UUID, unit: int) -> float:
    """A unit's point between 0 and 1, by SHA-256."""
    digest = hashlib.sha256(f"{salt}:{unit}".encode()).digest()
    return int.from_bytes(digest[:8]) / RANGE


def variant_at(point: float, variants: Sequence[Variant]) -> Variant:
    """The variant whose part of the interval contains a point; shares are relative to their sum."""
    total, end = sum(variant.share for variant in variants), 0.0
    for variant in variants:
        end += variant.share / total
        if point < end:
            return variant
    return variants[-1]


def keyed_hash(purpose: str, text: str) -> int:
    """A 64-bit hash that distinguishes texts and is useless without the secret key."""
    digest = salted_hmac(f"recommender.serving {purpose}", text, algorithm="sha256").digest()
    return int.from_bytes(digest[:8], signed=True)
