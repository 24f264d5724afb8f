"""The pictures of claimed items as vectors, fetched while the texts are encoded. No database access here.

A picture that cannot be fetched or read is recorded with the reason and does not stop anything from being embedded.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from django.conf import settings

from catalog.embedding.base import ImageEncoder
from catalog.index.vectors import EmbeddedPicture
from catalog.pictures.decoding import decoded
from catalog.pictures.errors import PictureError, PictureUnavailable
from catalog.pictures.reading import read_picture
from catalog.pictures.turns import picture_turn
from workers.claims import Claim
from workers.halving import Refused, encode_halving

if TYPE_CHECKING:
    from PIL.Image import Image

logger = logging.getLogger(__name__)
FETCHES_AT_ONCE = 16
#: Decoded pictures held in memory at a time.
ENCODED_AT_ONCE = 64


class Pictured(Protocol):
    """A claimed item with the address of its picture."""

    @property
    def claim(self) -> Claim: ...
    @property
    def image(self) -> str: ...


class Pictures:
    """Pictures being fetched, by item id, and the items that no longer have one."""

    def __init__(self, fetched: Mapping[int, tuple[str, Future[Image]]], removed: Sequence[int]) -> None:
        self._fetched = fetched
        self._removed = removed
        # Pictures must not use up the lease, so they get half of it.
        self._give_up_at = time.monotonic() + settings.EMBEDDING_LEASE_S / 2

    def embedded(self, encoder: ImageEncoder) -> dict[int, EmbeddedPicture]:
        """The outcome for each picture, by item id; unchanged pictures are left out."""
        results = {item_id: EmbeddedPicture() for item_id in self._removed}
        waiting = list(self._fetched.items())
        for first in range(0, len(waiting), ENCODED_AT_ONCE):
            images: dict[int, Image] = {}
            for item_id, (address_hash, fetch) in waiting[first : first + ENCODED_AT_ONCE]:
                try:
                    images[item_id] = self._image(fetch)
                except PictureError as error:
                    results[item_id] = EmbeddedPicture(hash=address_hash, error=str(error), may_pass=error.may_pass)
            vectors = encode_halving(lambda batch: list(encoder.encode_images(batch)), list(images.values()))
            for item_id, vector in zip(images, vectors, strict=True):
                address_hash, _ = self._fetched[item_id]
                if isinstance(vector, Refused):
                    results[item_id] = EmbeddedPicture(hash=address_hash, error=vector.reason)
                else:
                    results[item_id] = EmbeddedPicture(hash=address_hash, vector=vector)
        return results

    def _image(self, fetch: Future[Image]) -> Image:
        try:
            return fetch.result(timeout=max(0.0, self._give_up_at - time.monotonic()))
        except FutureTimeout as error:
            raise PictureUnavailable("Reading it ran out of time.") from error
        except PictureError:
            raise
        except Exception as error:  # a picture must not stop the texts in its batch
            logger.exception("A picture could not be read")
            raise PictureUnavailable(f"{type(error).__name__}: {error}") from error


@contextmanager
def pictures_of(documents: Sequence[Pictured]) -> Iterator[Pictures]:
    """Start fetching the pictures that have changed or could not be fetched before."""
    threads = ThreadPoolExecutor(max_workers=FETCHES_AT_ONCE, thread_name_prefix="pictures")
    fetched: dict[int, tuple[str, Future[Image]]] = {}
    removed = []
    try:
        for document in documents:
            address_hash = _hash_of(document.image)
            if address_hash == document.claim.picture_hash:
                continue
            if document.image:
                fetched[document.claim.item_id] = (address_hash, threads.submit(_read, document.image))
            else:
                removed.append(document.claim.item_id)
        yield Pictures(fetched, removed)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _read(address: str) -> Image:
    data = read_picture(address)
    with picture_turn():
        return decoded(data)


def _hash_of(address: str) -> str:
    return hashlib.md5(address.encode(), usedforsecurity=False).hexdigest() if address else ""
