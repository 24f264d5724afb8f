"""Copies of local pictures as shown on pages, made once: JPEGs in a folder that may be emptied at any time.

Only pictures of items have one, so the folder cannot outgrow the catalogue.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from pathlib import Path

from django.conf import settings

from catalog.pictures.addresses import local_path
from catalog.pictures.decoding import LONGEST_SIDE_PIXELS, as_jpeg, decoded
from catalog.pictures.errors import PictureUnavailable
from catalog.pictures.reading import read_picture
from catalog.pictures.turns import picture_turn

logger = logging.getLogger(__name__)

#: A copy is then made again if it is still requested, so pictures that are deleted or changed need no tracking.
KEPT_S = 30 * 24 * 60 * 60
_FOLDER = "copies"


def picture_copy(address: str) -> bytes:
    """The JPEG of a local picture: its copy, made now if there is none. Raises PictureError."""
    path = _path_of(address)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    except OSError as error:
        logger.warning("The copy of picture %s cannot be read: %s", address, error)
    with picture_turn(wait_s=settings.PICTURE_WAIT_S):
        data = as_jpeg(decoded(read_picture(address)))
    _keep(path, data)
    return data


def forget_old_copies(*, turn: int) -> int:
    """Delete old copies, in one of the folders at each turn; return how many."""
    forgotten = 0
    for path in (_folder() / f"{turn % 256:02x}").glob("*"):
        try:
            if path.stat().st_mtime < time.time() - KEPT_S:
                path.unlink()
                forgotten += 1
        except FileNotFoundError:  # another process has deleted it
            continue
    return forgotten


def _path_of(address: str) -> Path:
    """The path of the copy, named by the picture's path, time and size, so that a changed picture has another."""
    try:
        found = local_path(address).stat()
    except OSError as error:
        raise PictureUnavailable(f"The file {address} cannot be read: {error.strerror}.") from error
    content = f"{address}\0{found.st_mtime_ns}\0{found.st_size}\0{LONGEST_SIDE_PIXELS}"
    name = hashlib.sha256(content.encode()).hexdigest()
    return _folder() / name[:2] / f"{name}.jpg"


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / _FOLDER


def _keep(path: Path, data: bytes) -> None:
    """Write it atomically. A disk that is full or not writable only makes pages slower."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{secrets.token_hex(8)}")
        try:
            unfinished.write_bytes(data)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("A copy of a picture cannot be kept: %s", error)
