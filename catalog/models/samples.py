"""Samples of vectors, from which searches learn which cosines arise by chance."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from django.db import models

from catalog.models.index import IndexVersion

Vectors = npt.NDArray[np.float32]


class VectorSampleQuerySet(models.QuerySet["VectorSample"]):
    def passages_of(self, version: IndexVersion) -> int:
        """How many vectors there were when the sample was drawn; 0 without one."""
        return self.filter(pk=version.pk).values_list("passages", flat=True).first() or 0

    def vectors_of(self, version: IndexVersion) -> tuple[Vectors, Vectors]:
        """Vectors of texts and of pictures, each of shape (n, dimensions)."""
        sample = self.filter(pk=version.pk).first() or VectorSample()
        return _read(sample.texts, version.dimensions), _read(sample.pictures, version.dimensions)


class VectorSample(models.Model):
    """Some vectors of a version with pictures, spread over the catalogue: half-precision floats, row by row."""

    version = models.OneToOneField(IndexVersion, on_delete=models.CASCADE, primary_key=True, related_name="sample")
    texts = models.BinaryField(default=b"")
    pictures = models.BinaryField(default=b"")
    passages = models.PositiveBigIntegerField(default=0, help_text="Number of vectors when it was drawn.")

    objects: ClassVar[VectorSampleQuerySet] = VectorSampleQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"Sample of v{self.pk}"


def _read(stored: bytes | memoryview, dimensions: int) -> Vectors:
    return np.frombuffer(bytes(stored), np.float16).reshape(-1, dimensions).astype(np.float32)
