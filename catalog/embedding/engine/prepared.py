"""Models exported once and kept on disk: an ONNX file, the tokenizer, and whatever else a process needs.

With these a process needs neither torch nor transformers. They are found by a hash of the checkpoint's files, so a
changed or broken checkpoint has none.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from catalog.embedding.engine.devices import cpu_name

#: Part of every hash: raised when exports are made or checked differently.
FORMAT = 5
CHECKPOINT_FILES = (".safetensors", ".json", ".txt", ".model")
READ_BYTES = 1 << 20
#: In each folder, the sizes of its files.
SIZES = "sizes.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """The facts about a checkpoint, besides its weights and tokenizer."""

    dimensions: int
    max_tokens: int
    pad_id: int
    query_prompt: str
    document_prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The best runtimes on this CPU, and the measurements behind the choice."""

    documents: str
    queries: str
    documents_per_s: dict[str, float] = field(default_factory=dict)
    query_cpu_ms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedModel:
    """A folder with an exported model whose vectors have been checked."""

    folder: Path

    @property
    def is_whole(self) -> bool:
        """Whether every file is there, with the size it had when written."""
        try:
            sizes = json.loads((self.folder / SIZES).read_text(encoding="utf-8"))
            return all((self.folder / name).stat().st_size == size for name, size in sizes.items())
        except (OSError, ValueError):
            return False

    @property
    def model(self) -> Path:
        return self.folder / "model.onnx"

    @property
    def small_model(self) -> Path:
        """The 8-bit weights, for queries; present only if the vectors stay close enough."""
        return self.folder / "int8" / "model.onnx"

    @property
    def tokenizer_json(self) -> str:
        return (self.folder / "tokenizer.json").read_text(encoding="utf-8")

    @property
    def facts(self) -> ModelFacts:
        return ModelFacts(**json.loads((self.folder / "facts.json").read_text(encoding="utf-8")))

    @property
    def choice(self) -> Choice | None:
        """The measurements on a CPU like this one."""
        try:
            return Choice(**json.loads(self._choice_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def remember(self, choice: Choice) -> None:
        """Keep a choice for all processes on this kind of CPU."""
        write_whole(self._choice_file, json.dumps(asdict(choice), indent=1))

    @property
    def _choice_file(self) -> Path:
        return self.folder / f"choice-{cpu_name()}.json"


def cache_folder() -> Path:
    """ENCODER_CACHE, or a folder in the user's cache."""
    if asked := os.environ.get("ENCODER_CACHE"):
        return Path(asked).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "searchsite" / "encoders"


def prepared_model(checkpoint: Path) -> PreparedModel | None:
    """What has been prepared from the checkpoint in this folder, if anything, and if all its files are still there."""
    prepared = PreparedModel(folder=cache_folder() / fingerprint(checkpoint))
    return prepared if prepared.is_whole else None


def keep_prepared(checkpoint: Path, write: Callable[[Path], None]) -> PreparedModel:
    """Have `write` fill a new folder and keep it, replacing a damaged one, atomically.

    If another process has kept one in the meantime, that one stays. Raises OSError.
    """
    kept = PreparedModel(folder=cache_folder() / fingerprint(checkpoint))
    kept.folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=kept.folder.parent))
    try:
        write(unfinished)
        files = [file for file in unfinished.rglob("*") if file.is_file()]
        sizes = {str(file.relative_to(unfinished)): file.stat().st_size for file in files}
        (unfinished / SIZES).write_text(json.dumps(sizes, indent=1), encoding="utf-8")
        if not kept.is_whole:
            shutil.rmtree(kept.folder, ignore_errors=True)
            unfinished.rename(kept.folder)
    except OSError:
        if not kept.is_whole:
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return kept


def write_whole(file: Path, text: str) -> None:
    """Write a file atomically: others read the whole file or none."""
    handle, name = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as unfinished:
        unfinished.write(text)
    Path(name).replace(file)


def fingerprint(checkpoint: Path) -> str:
    """A hash over the names and contents of the files that a checkpoint is loaded from."""
    total = hashlib.sha256(f"format {FORMAT}".encode())
    for file in sorted(file for file in checkpoint.rglob("*") if file.suffix in CHECKPOINT_FILES and file.is_file()):
        total.update(str(file.relative_to(checkpoint)).encode())
        content = hashlib.sha256()
        with file.open("rb") as opened:
            while block := opened.read(READ_BYTES):
                content.update(block)
        total.update(content.digest())
    return total.hexdigest()[:32]
