"""Who gets which variant of an experiment: the arithmetic alone, without a database.

A person is a number, the unit. With the experiment's salt it is hashed to a point between 0 and 1, and the shares cut
that stretch into pieces: the same person always meets the same variant, and each experiment splits anew.
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
    """An experiment that is running. The first variant is the one that others are held to."""

    experiment_id: int
    name: str
    salt: UUID
    variants: tuple[Variant, ...]

    def variant_of(self, unit: int) -> Variant:
        return variant_at(point_of(self.salt, unit), self.variants)

    def pseudonym(self, unit: int) -> int:
        """What stands for a person in the log of this experiment, and in no other."""
        return keyed_hash(f"experiment {self.experiment_id}", str(unit))


def point_of(salt: UUID, unit: int) -> float:
    """Where a unit lies between 0 and 1, by SHA-256."""
    digest = hashlib.sha256(f"{salt}:{unit}".encode()).digest()
    return int.from_bytes(digest[:8]) / RANGE


def variant_at(point: float, variants: Sequence[Variant]) -> Variant:
    """The variant whose stretch a point is in; shares are taken as parts of their sum."""
    total, end = sum(variant.share for variant in variants), 0.0
    for variant in variants:
        end += variant.share / total
        if point < end:
            return variant
    return variants[-1]


def keyed_hash(purpose: str, text: str) -> int:
    """64 bits that tell texts apart and are of no use without the secret key."""
    digest = salted_hmac(f"recommender.serving {purpose}", text, algorithm="sha256").digest()
    return int.from_bytes(digest[:8], signed=True)
