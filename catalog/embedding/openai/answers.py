"""Responses of an embeddings endpoint, checked before use."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from catalog.embedding.base import FloatArray
from catalog.outgoing.errors import EndpointMalformed


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Vectors of shape (texts, dimensions) in the order of the texts, not normalised."""

    vectors: FloatArray
    tokens: int | None
    """The endpoint's own count, if it gives one."""


def read_answer(body: bytes, *, texts: int) -> Answer:
    """Vectors as lists of numbers or as base64 of little-endian float32. Raises EndpointMalformed."""
    try:
        parsed = orjson.loads(body)
        rows = sorted(parsed["data"], key=lambda row: row["index"])
        places = [row["index"] for row in rows]
        vectors = [_vector(row["embedding"]) for row in rows]
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise EndpointMalformed("The endpoint does not speak the embeddings protocol.") from error
    if places != list(range(texts)):
        raise EndpointMalformed(f"The endpoint answered with {len(places)} vectors for {texts} texts.")
    if len({len(vector) for vector in vectors}) != 1 or not vectors[0].size:
        raise EndpointMalformed("The endpoint answered with vectors of different sizes.")
    stacked = np.stack(vectors)
    if not np.isfinite(stacked).all() or not np.any(stacked, axis=1).all():
        raise EndpointMalformed("The endpoint answered with a vector that is zero or not finite.")
    return Answer(vectors=stacked, tokens=_tokens(parsed.get("usage")))


def _vector(embedding: Any) -> FloatArray:
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4")
    if not isinstance(embedding, list):
        raise TypeError("neither numbers nor base64")
    vector = np.array(embedding, dtype=np.float32)
    if vector.ndim != 1:
        raise TypeError("lists within a list")
    return vector


def _tokens(usage: Any) -> int | None:
    found = usage.get("total_tokens", usage.get("prompt_tokens")) if isinstance(usage, dict) else None
    return found if isinstance(found, int) and found >= 0 else None
