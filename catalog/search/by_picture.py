"""Search by picture: the picture's vector, and the picture itself, kept while somebody pages through hits.

Anybody may send pictures, and the cache that holds them also counts rate limits and carries workers' wake-ups. So that
pictures cannot fill it, at most MOST_KEPT are kept, in numbered places that are reused in turn.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import cast

import numpy as np
from django.conf import settings
from django.core.cache import cache

from catalog.cache import FailOpenRedisCache
from catalog.embedding.base import ImageEncoder
from catalog.embedding.registry import encoder_for
from catalog.errors import InvalidQuery
from catalog.models import IndexVersion
from catalog.pictures.decoding import as_jpeg, decoded
from catalog.pictures.turns import picture_turn

#: How long a picture is kept after its last search.
KEPT_S = 60 * 60
MOST_KEPT = 300
_TOKEN_BYTES = 16
_YEAR_S = 31_536_000
_PLACE = re.compile(r"([0-9]{1,6})-", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureAsked:
    """A picture to search by: its vector, and the index version whose encoder made it."""

    vector: tuple[float, ...]
    version_id: int


def check_reads_pictures(version: IndexVersion | None) -> IndexVersion:
    """The version, if it can be searched by picture. Raises InvalidQuery."""
    if version is None or not version.reads_pictures:
        message = "Search by picture is not available: the index's encoder reads only texts."
        raise InvalidQuery(message, field="image", code="no_image_encoder")
    return version


def ask_for_picture(version: IndexVersion, data: bytes) -> PictureAsked:
    """Encode the picture in a file; the vector comes from the cache if the same file was sent within KEPT_S.

    Raises PictureError (including PicturesBusy), EncoderUnavailable and EncodingFailed.
    """
    key = f"picture:vector:{hashlib.sha256(repr(version.encoder_spec).encode() + data).hexdigest()}"
    known: bytes | None = cache.get(key)
    if known is not None:
        return PictureAsked(vector=tuple(np.frombuffer(known, np.float32).tolist()), version_id=version.pk)
    encoder = encoder_for(version.encoder_spec, wait_s=settings.QUERY_ENCODER_WAIT_S)
    assert isinstance(encoder, ImageEncoder)
    with picture_turn(wait_s=settings.PICTURE_WAIT_S):
        vector = encoder.encode_images([decoded(data)])[0]
    cache.set(key, vector.tobytes(), KEPT_S)
    return PictureAsked(vector=tuple(vector.tolist()), version_id=version.pk)


def keep_picture(data: bytes) -> str:
    """Keep a picture for KEPT_S or until MOST_KEPT newer ones arrive; return the token to fetch it by.

    It is scaled down to the size encoders use. The token cannot be guessed, so it may appear in a URL. Raises
    PictureError.
    """
    with picture_turn(wait_s=settings.PICTURE_WAIT_S):
        jpeg = as_jpeg(decoded(data))
    place = cast(FailOpenRedisCache, cache).count("pictures", _YEAR_S) % MOST_KEPT
    token = f"{place}-{secrets.token_urlsafe(_TOKEN_BYTES)}"
    cache.set(_key(place), (token, jpeg), KEPT_S)
    return token


def kept_picture(token: str) -> bytes | None:
    """The JPEG under a token, kept for another KEPT_S; None once it has gone."""
    if not (place := _PLACE.match(token)):
        return None
    own, jpeg = cache.get(_key(int(place[1])), ("", None))
    if not secrets.compare_digest(own.encode(), token.encode()):
        return None
    cache.touch(_key(int(place[1])), KEPT_S)
    return jpeg


def _key(place: int) -> str:
    return f"picture:{place}"
