"""Models exported once: found by their files, written atomically, discarded when damaged."""

from __future__ import annotations

import fcntl
import logging
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent

import numpy as np
import psutil
import pytest

from catalog.embedding.base import EncoderSpec, EncoderUnavailable
from catalog.embedding.engine import exporting
from catalog.embedding.engine.checkpoint import describe, load
from catalog.embedding.engine.prepared import Choice, PreparedModel, cache_folder, keep_prepared, prepared_model
from catalog.embedding.engine.preparing import prepare
from catalog.embedding.transformer import TransformerEncoder
from tests.checkpoints import write_checkpoint
from tests.waiting import wait_until

PROJECT = Path(__file__).resolve().parents[4]
TEXTS = ["robot", "the storm at sea", "a ghost in the harbour " * 9]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("models") / "bert", seed=3)


@pytest.fixture(scope="module")
def made(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that contains the checkpoint's export."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ENCODER_CACHE", str(tmp_path_factory.mktemp("cache")))
        prepare(checkpoint, name="bert")
        return cache_folder()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ENCODER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ENCODER_RUNTIME", "auto")
    monkeypatch.setenv("SEARCHSITE_DEVICE", "cpu")
    return tmp_path / "cache"


def prepared_of(checkpoint: Path) -> PreparedModel:
    prepared = prepared_model(checkpoint)
    assert prepared is not None
    return prepared


def encoder(checkpoint: Path) -> TransformerEncoder:
    return TransformerEncoder(EncoderSpec(model=str(checkpoint)))


def test_a_cache_that_cannot_be_had_leaves_torch(checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENCODER_CACHE", "~there is no such user/cache")
    assert np.isfinite(encoder(checkpoint).encode_queries(TEXTS)).all()


def test_a_cache_without_a_name_is_the_usual_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENCODER_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "searchsite" / "encoders"


def test_where_an_export_does_not_fit_it_is_not_begun(checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    found = shutil.disk_usage(cache.parent)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda folder: type(found)(total=found.total, used=found.used, free=1_000)
    )
    with pytest.raises(EncoderUnavailable, match="has no room: an export needs"):
        prepare(checkpoint, name="small")
    assert "no room" in encoder(checkpoint).runtime_problem


def test_it_says_which_runtime_was_the_fastest_and_by_how_much(made: Path, checkpoint: Path, cache: Path):
    shutil.copytree(made, cache)
    choice = prepared_of(checkpoint).choice
    assert choice is not None
    assert set(choice.documents_per_s) == {"torch", "openvino", "onnxruntime"}
    assert choice.documents == max(choice.documents_per_s, key=choice.documents_per_s.__getitem__)
    assert set(choice.query_cpu_ms) == {"openvino", "onnxruntime", "onnxruntime-int8"}
    assert choice.queries == min(choice.query_cpu_ms, key=choice.query_cpu_ms.__getitem__)


@pytest.mark.parametrize("queries", ["openvino", "onnxruntime", "onnxruntime-int8", "torch"])
def test_queries_go_by_the_runtime_that_is_asked_for(
    made: Path, checkpoint: Path, cache: Path, queries: str, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(made, cache)
    monkeypatch.setenv("ENCODER_RUNTIME", "openvino")
    monkeypatch.setenv("ENCODER_QUERY_RUNTIME", queries)
    mixed = encoder(checkpoint)
    assert mixed.runtimes == ("openvino", queries)
    assert (mixed.encode_queries(TEXTS) * mixed.encode_documents(TEXTS)).sum(axis=1).min() > 0.995


def test_an_encoder_waits_for_the_process_that_prepares_it(made: Path, checkpoint: Path, cache: Path):
    cache.mkdir()
    with ThreadPoolExecutor() as threads:
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # like another process that is exporting
            waiting = threads.submit(encoder, checkpoint)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)
            shutil.copytree(made, cache, dirs_exist_ok=True)
            prepared_of(checkpoint).remember(Choice(documents="openvino", queries="onnxruntime"))
        prepared = waiting.result(timeout=60)
    assert prepared.runtimes == ("openvino", "onnxruntime")
    assert prepared.runtime_problem == ""
    assert (prepared.encode_queries(TEXTS) * prepared.encode_documents(TEXTS)).sum(axis=1).min() > 0.995


def test_a_process_that_encodes_by_what_was_prepared_holds_no_torch(checkpoint: Path, cache: Path):
    code = f"""
        import sys
        from catalog.embedding.base import EncoderSpec
        from catalog.embedding.transformer import TransformerEncoder
        encoder = TransformerEncoder(EncoderSpec(model={str(checkpoint)!r}))
        assert encoder.encode_queries(["storm at sea"]).shape == (1, encoder.dimensions)
        print([name for name in ("torch", "transformers", "sentence_transformers") if name in sys.modules])
    """
    printed = subprocess.run(
        [sys.executable, "-c", dedent(code)], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "[]"


def test_a_damaged_export_is_not_used(made: Path, checkpoint: Path, cache: Path, caplog: pytest.LogCaptureFixture):
    shutil.copytree(made, cache)
    prepared = prepared_of(checkpoint)
    prepared.remember(Choice(documents="openvino", queries="onnxruntime"))
    prepared.model.write_bytes(bytes(prepared.model.stat().st_size))
    with caplog.at_level(logging.WARNING):
        assert np.isfinite(encoder(checkpoint).encode_documents(TEXTS)).all()
    assert "runs on torch" in caplog.text


@pytest.mark.parametrize(
    ("name", "left"), [("model.onnx", b"cut"), ("tokenizer.json", b""), ("facts.json", None), ("sizes.json", b"")]
)
def test_an_export_that_lost_a_file_or_the_end_of_one_is_made_anew(
    made: Path, checkpoint: Path, cache: Path, name: str, left: bytes | None
):
    shutil.copytree(made, cache)
    damaged = prepared_of(checkpoint).folder / name
    damaged.unlink() if left is None else damaged.write_bytes(left)
    assert prepared_model(checkpoint) is None

    def write(folder: Path) -> None:
        shutil.copy(next(made.glob("*/model.onnx")), folder)

    again = keep_prepared(checkpoint, write)
    assert prepared_of(checkpoint) == again
    assert again.model.stat().st_size > 3


def test_what_was_chosen_where_other_runtimes_are_installed_is_measured_again(
    made: Path, checkpoint: Path, cache: Path
):
    shutil.copytree(made, cache)
    prepared_of(checkpoint).remember(Choice(documents="abacus", queries="abacus"))
    assert set(encoder(checkpoint).runtimes) <= {"torch", "openvino", "onnxruntime", "onnxruntime-int8"}
    choice = prepared_of(checkpoint).choice
    assert choice is not None
    assert choice.documents_per_s


def test_why_a_process_that_was_killed_did_not_prepare_the_encoder_is_said(
    checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ENCODER_RUNTIME", "onnxruntime")
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(encoder, checkpoint)
        wait_until(lambda: bool(preparing(checkpoint)), timeout_s=30, what="the process that prepares")
        preparing(checkpoint)[0].kill()
        with pytest.raises(EncoderUnavailable, match="signal 9 ended the process"):
            waiting.result()


def preparing(checkpoint: Path) -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if str(checkpoint) in child.cmdline()]


@pytest.mark.parametrize("wrong", ["soon", "-1", "nan"])
def test_a_time_that_is_none_is_refused_and_nothing_is_started(
    checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
):
    monkeypatch.setenv("ENCODER_RUNTIME", "onnxruntime")
    monkeypatch.setenv("ENCODER_PREPARE_TIMEOUT_S", wrong)
    with pytest.raises(EncoderUnavailable, match=f"ENCODER_PREPARE_TIMEOUT_S is '{wrong}'"):
        encoder(checkpoint)
    assert not preparing(checkpoint)


@pytest.mark.parametrize("wrong", ["many", "-3", "1025"])
def test_a_number_of_threads_that_is_none_is_refused_by_name(
    made: Path, checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
):
    shutil.copytree(made, cache)
    monkeypatch.setenv("ENCODER_RUNTIME", "openvino")
    monkeypatch.setenv("ENCODER_THREADS", wrong)
    with pytest.raises(EncoderUnavailable, match=f"ENCODER_THREADS is '{wrong}'"):
        encoder(checkpoint).encode_documents(TEXTS)


def test_a_checkpoint_that_changed_has_no_export(made: Path, checkpoint: Path, cache: Path, tmp_path: Path):
    shutil.copytree(made, cache)
    assert prepared_model(checkpoint) is not None
    other = Path(shutil.copytree(checkpoint, tmp_path / "other"))
    assert prepared_model(other) == prepared_model(checkpoint)
    (other / "model.safetensors").write_bytes(b"broken")
    assert prepared_model(other) is None


def test_of_two_that_write_at_once_the_first_stays(checkpoint: Path, cache: Path):
    def write(folder: Path) -> None:
        keep_prepared(checkpoint, lambda own: (own / "first").touch())
        (folder / "second").touch()

    kept = keep_prepared(checkpoint, write)
    assert sorted(file.name for file in kept.folder.iterdir()) == ["first", "sizes.json"]
    assert list(cache.iterdir()) == [kept.folder]


def test_an_export_with_other_vectors_is_refused_and_leaves_nothing(
    checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(exporting, "LEAST_COSINE", 1.1)
    model = load(checkpoint, name="bert", device="cpu", precise=True)
    facts, tokenizer_json = describe(model, name="bert")
    with pytest.raises(EncoderUnavailable, match="different vectors"):
        keep_prepared(checkpoint, lambda folder: exporting.write_export(model, facts, tokenizer_json, folder))
    assert prepared_model(checkpoint) is None
    assert list(cache.iterdir()) == []


def test_what_takes_too_long_is_given_up_and_the_next_attempt_works(
    checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ENCODER_RUNTIME", "onnxruntime")
    monkeypatch.setenv("ENCODER_PREPARE_TIMEOUT_S", "0.05")
    with pytest.raises(EncoderUnavailable, match=r"took longer than 0\.05 s \(ENCODER_PREPARE_TIMEOUT_S\)"):
        encoder(checkpoint)
    assert not preparing(checkpoint)
    monkeypatch.delenv("ENCODER_PREPARE_TIMEOUT_S")
    assert encoder(checkpoint).runtimes == ("onnxruntime", "onnxruntime")


def test_an_encoder_says_why_it_goes_by_torch(checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENCODER_PREPARE_TIMEOUT_S", "0.05")
    by_torch = encoder(checkpoint)
    assert by_torch.runtimes == ("torch", "torch")
    assert "took longer than 0.05 s" in by_torch.runtime_problem
    assert np.isfinite(by_torch.encode_queries(TEXTS)).all()


def test_an_unknown_runtime_is_refused_by_name(checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENCODER_RUNTIME", "abacus")
    with pytest.raises(EncoderUnavailable, match="ENCODER_RUNTIME is 'abacus'"):
        encoder(checkpoint)
