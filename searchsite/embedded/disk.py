"""Room on the disk: what a new database needs, and errors that come from having none."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from searchsite.embedded.errors import NoRoom

_MIB = 1024**2
#: A new database with the demo catalogue takes about 80 MiB.
NEW_DATABASE_BYTES = 128 * _MIB
#: PostgreSQL writes its log in files of 16 MiB, and needs two.
_LITTLE_BYTES = 32 * _MIB
_FULL = (errno.ENOSPC, errno.EDQUOT)


def check_room_for_database(folder: Path) -> None:
    """Raises NoRoom when the disk that holds `folder` is too full for a new database."""
    free = shutil.disk_usage(folder).free
    if free < NEW_DATABASE_BYTES:
        raise NoRoom(
            f"A new database needs {NEW_DATABASE_BYTES // _MIB} MB, but {folder} is on a disk with only"
            f" {free // _MIB} MB free."
        )


def shortage(folder: Path) -> str:
    """What to add to the message of a failure if the disk that holds `folder` is all but full; otherwise nothing."""
    free = shutil.disk_usage(folder).free
    return f" Only {free // _MIB} MB are free on the disk of {folder}." if free < _LITTLE_BYTES else ""


@contextmanager
def full_disk_explained(folder: Path) -> Iterator[None]:
    """Raise NoRoom when the disk is full. `folder` is where files are written, if the error does not say it."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise NoRoom(f"The disk is full: no room for {error.filename or f'files in {folder}'}.") from error
