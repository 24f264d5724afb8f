"""The encoder protocol, the specification that names an encoder, and the errors it may raise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSpec:
    """Identifies an encoder exactly: equal specifications give equal vectors."""

    backend: str = "transformer"
    model: str = "all-MiniLM-L6-v2"
    revision: str = ""
    dimensions: int | None = None
    """Keep this many leading dimensions and normalise again (Matryoshka models); None keeps all."""
    query_prompt: str = ""
    document_prompt: str = ""
    max_tokens: int | None = None
    """Longest input, including special tokens; None uses the model's own limit."""


class EncoderError(Exception):
    """The encoder could not do its work."""


class EncoderUnavailable(EncoderError):
    """The encoder cannot be loaded or reached, or is not loaded yet. The message says what to do."""


class EncodingFailed(EncoderError):
    """The encoder failed on these texts; others may succeed."""


class EncoderOutOfMemory(EncodingFailed):
    """Even a single text does not fit into memory."""


class InvalidVectors(EncodingFailed):
    """The encoder returned vectors of the wrong shape, or with values that are not finite."""


class Encoder(Protocol):
    """Turns texts into vectors.

    Vectors are float32 of shape (n, dimensions), finite and of length 1; no texts give shape (0, dimensions).
    """

    spec: EncoderSpec
    dimensions: int
    max_tokens: int

    @property
    def texts_at_once(self) -> int:
        """How many texts to pass at a time: enough to fill its batches, few enough to take seconds at most."""

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Encode passages. Raises EncodingFailed."""

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Encode what people search for. Raises EncodingFailed."""

    def token_offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """First and last-plus-one character of each token of each text, without special tokens."""


@runtime_checkable
class ImageEncoder(Protocol):
    """Turns pictures into vectors in the same space as the same encoder's texts."""

    def encode_images(self, images: Sequence[Image]) -> FloatArray:
        """Encode RGB pictures, giving vectors like those of texts. Raises EncodingFailed."""


def checked(vectors: FloatArray, *, count: int, dimensions: int) -> FloatArray:
    """Return the vectors as contiguous float32 of length 1.

    Raises InvalidVectors if their shape is not (count, dimensions), or any is zero or not finite.
    """
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.shape != (count, dimensions):
        raise InvalidVectors(f"The encoder returned shape {vectors.shape} instead of ({count}, {dimensions}).")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise InvalidVectors("The encoder returned a vector that is zero or not finite.")
    return vectors / lengths
