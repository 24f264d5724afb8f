"""Exports a checkpoint and measures which runtime suits it best, in a separate process.

    python -m catalog.embedding.engine.preparing FOLDER NAME

One at a time per machine, and nothing twice. The process yields to those that serve, and frees torch when it ends.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.embedding.base import EncoderUnavailable
from catalog.embedding.engine.failures import reason
from catalog.embedding.engine.onnx_runtimes import INT8, TORCH, installed_runtimes
from catalog.embedding.engine.prepared import PreparedModel, cache_folder, keep_prepared, prepared_model

logger = logging.getLogger(__name__)

#: About a tenth of a processor that others compete for.
NICENESS = 10
SAID_CHARACTERS = 500
#: Large models take some minutes, several times as many on a busy machine.
DEFAULT_TIMEOUT_S = 1_800.0


def prepare(checkpoint: Path, *, name: str) -> PreparedModel:
    """Return a checkpoint's exported model with the best runtimes measured; makes what is missing.

    Takes half a minute of one core for a small model, and at most ENCODER_PREPARE_TIMEOUT_S. Raises EncoderUnavailable;
    another call starts again.
    """
    try:
        if (prepared := _complete(checkpoint)) is not None:
            return prepared
        with _one_at_a_time():
            if (prepared := _complete(checkpoint)) is not None:
                return prepared
            if prepared_model(checkpoint) is None:
                _check_room(checkpoint)
            _in_a_process(checkpoint, name)
    except OSError as error:
        raise EncoderUnavailable(f"The cache of encoders cannot be written: {reason(error)}.") from error
    if (prepared := prepared_model(checkpoint)) is None:
        raise EncoderUnavailable(f"Model {name} changed while it was being prepared.")
    return prepared


def _complete(checkpoint: Path) -> PreparedModel | None:
    """What has been prepared on a CPU like this one, for runtimes that are installed here."""
    prepared = prepared_model(checkpoint)
    choice = prepared.choice if prepared is not None else None
    here = (TORCH, *installed_runtimes(), INT8)
    return prepared if choice is not None and choice.documents in here and choice.queries in here else None


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait for other processes that are preparing; if one dies, its lock is released."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for unfinished in folder.glob("unfinished-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        yield


def _check_room(checkpoint: Path) -> None:
    """An export is at least as large as the weights: check that they fit before half a minute of work is wasted."""
    weights_bytes = sum(file.stat().st_size for file in checkpoint.rglob("*.safetensors"))
    if shutil.disk_usage(cache_folder()).free < weights_bytes:
        needed = f"an export needs {weights_bytes / 2**20:,.1f} MiB at least"
        raise EncoderUnavailable(f"The cache of encoders, {cache_folder()}, has no room: {needed}.")


def _in_a_process(checkpoint: Path, name: str) -> None:
    timeout_s = _timeout_s()
    # Its stdin is a pipe that closes when this process dies, however it does.
    process = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, str(checkpoint), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        env=os.environ | {"SEARCHSITE_DEVICE": "cpu", "HF_HUB_OFFLINE": "1"},
        text=True,
    )
    assert process.stderr is not None
    out_of_time = threading.Event()

    def give_up() -> None:
        out_of_time.set()
        process.kill()

    timer = threading.Timer(timeout_s, give_up)
    timer.daemon = True
    with process:
        timer.start()
        said = process.stderr.read()
        timer.cancel()
    if out_of_time.is_set():
        raise EncoderUnavailable(
            f"Preparing model {name} took longer than {timeout_s:g} s (ENCODER_PREPARE_TIMEOUT_S) and was given up."
        )
    if process.returncode != 0:
        logger.info("The process preparing model %s said: %s", name, said.strip())
        raise EncoderUnavailable(f"Model {name} cannot be exported: {_failure(process.returncode, said)}")


def _timeout_s() -> float:
    """Raises EncoderUnavailable."""
    asked = os.environ.get("ENCODER_PREPARE_TIMEOUT_S") or DEFAULT_TIMEOUT_S
    try:
        timeout_s = float(asked)
    except ValueError:
        timeout_s = 0.0
    if not timeout_s > 0:
        raise EncoderUnavailable(f"ENCODER_PREPARE_TIMEOUT_S is {asked!r}; use a number of seconds above 0.")
    return min(timeout_s, threading.TIMEOUT_MAX)


def _failure(status: int, said: str) -> str:
    """Why the process failed: its last line of output, or the signal that ended it, which it cannot report itself."""
    if status < 0:
        return f"signal {-status} ended the process, as happens when memory runs out."
    return said.strip().rpartition("\n")[2][:SAID_CHARACTERS]


def _main(checkpoint: Path, name: str) -> None:
    threading.Thread(target=_die_with_parent, daemon=True).start()
    os.nice(NICENESS)
    from catalog.embedding.engine.checkpoint import describe, load
    from catalog.embedding.engine.exporting import write_export
    from catalog.embedding.engine.measuring import measure
    from catalog.embedding.engine.torch_padded import TorchPadded

    prepared = prepared_model(checkpoint)
    model = load(checkpoint, name=name, device="cpu", precise=True)
    facts, tokenizer_json = describe(model, name=name)
    if prepared is None:
        prepared = keep_prepared(checkpoint, lambda folder: write_export(model, facts, tokenizer_json, folder))
    as_served = load(checkpoint, name=name, device="cpu")
    prepared.remember(measure(prepared, TorchPadded(as_served, pad_id=facts.pad_id)))


def _die_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2])
