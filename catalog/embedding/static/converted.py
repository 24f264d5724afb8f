"""Word-vector files converted to arrays on disk, which all processes map into memory and share."""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from pathlib import Path

import numpy as np

from catalog.embedding.engine.prepared import cache_folder
from catalog.embedding.static.wordfiles import WordVectors, read_word_vectors

logger = logging.getLogger(__name__)
FORMAT = 1
WORDS, VECTORS = "words.txt", "vectors.npy"


def word_vectors(path: Path) -> WordVectors:
    """The words and vectors of a file; the vectors are mapped from a converted copy if one can be written.

    The first call, and the first after the file changes, reads the whole file, which takes a minute for a million
    words. Raises EncoderUnavailable.
    """
    state = path.stat()
    named = f"{FORMAT} {path.resolve()} {state.st_size} {state.st_mtime_ns}"
    folder = cache_folder() / "word-vectors" / hashlib.sha256(named.encode()).hexdigest()[:32]
    if (folder / VECTORS).is_file():
        return _mapped(folder)
    found = read_word_vectors(path)
    try:
        _keep(found, folder)
        return _mapped(folder)
    except OSError as error:
        logger.warning("No copy of %s can be kept in %s (%s); it is held in memory.", path, folder.parent, error)
        return found


def _mapped(folder: Path) -> WordVectors:
    words = (folder / WORDS).read_bytes().decode("utf-8").split("\n")
    return WordVectors(words=words, vectors=np.load(folder / VECTORS, mmap_mode="r"))


def _keep(found: WordVectors, folder: Path) -> None:
    """Write to a temporary folder and rename it, so that no process maps half a copy and two may write at once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        (beside / WORDS).write_bytes("\n".join(found.words).encode("utf-8"))
        np.save(beside / VECTORS, found.vectors)
        try:
            beside.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
