"""What a person likes, as search may take it into account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.utils.module_loading import import_string

from catalog.models import PICTURE_ORDINAL, IndexVersion
from catalog.search.candidates import Candidates
from catalog.search.dense import inner_products

Floats = npt.NDArray[np.float64]

#: The most that a taste adds to a score, or subtracts from it.
LARGEST_PART = 0.1
#: The closeness, in standard deviations above chance, at which a taste adds three quarters of that.
NEAR_CLOSENESS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taste:
    """An interest in the space of one index version, as vectors of shape (dimensions,).

    `vector` is normalised, in the space from which the corpus mean, `centre`, has been subtracted; `spread` is the
    standard deviation of the cosine of two random passages there.
    """

    version_id: int
    vector: Floats
    centre: Floats
    spread: float


def taste_for(request: Any, **named: Any) -> Taste | None:
    """The taste of whoever makes a request, or of whom `named` identifies, from the function SEARCH_TASTE.

    None if nothing is known about them.
    """
    taste: Taste | None = import_string(settings.SEARCH_TASTE)(request, **named)
    return taste


def taste_parts(taste: Taste | None, candidates: Candidates, version: IndexVersion | None) -> Floats:
    """What a taste adds to each candidate's score: how much closer than chance its best passage is to the taste.

    One statement; zeros without a taste, and for candidates without a vector.
    """
    parts = np.zeros(len(candidates.item_ids))
    if taste is None or version is None or taste.version_id != version.pk:
        return parts
    # A taste is built from texts, so an item found by its picture is judged by its first passage.
    ordinals = np.where(candidates.ordinals == PICTURE_ORDINAL, 0, candidates.ordinals)
    products = inner_products(version, candidates.item_ids, ordinals, taste.vector)
    closeness = (products - float(taste.centre @ taste.vector)) / taste.spread
    return np.nan_to_num(LARGEST_PART * np.tanh(closeness / NEAR_CLOSENESS), nan=0.0)
