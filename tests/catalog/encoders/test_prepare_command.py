"""`manage.py prepare_encoder`: preparing the search encoder before its first use."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from catalog.embedding.engine.prepared import prepared_model
from catalog.embedding.engine.preparing import prepare
from tests.checkpoints import write_checkpoint
from tests.factories import make_version

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCODER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ENCODER_RUNTIME", "auto")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "bert", seed=3)


def said() -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("prepare_encoder", stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_first_encoder_is_ready_before_there_is_an_index(checkpoint, settings):
    settings.ENCODER_MODEL = str(checkpoint)
    assert said() == (f"{checkpoint} is ready.\n", "")
    prepared = prepared_model(checkpoint)
    assert prepared is not None
    assert prepared.choice is not None


def test_it_is_that_of_the_version_that_serves(checkpoint):
    make_version(model=str(checkpoint), backend="transformer")
    assert said() == (f"{checkpoint} is ready.\n", "")


def test_why_it_goes_by_torch_is_said(checkpoint, settings, monkeypatch):
    settings.ENCODER_MODEL = str(checkpoint)
    monkeypatch.setenv("ENCODER_PREPARE_TIMEOUT_S", "0.05")
    out, err = said()
    assert (out.startswith(f"{checkpoint} is ready. It runs on torch: "), err) == (True, "")


def test_a_model_that_cannot_be_had_is_told_and_stops_no_start(tmp_path, settings):
    settings.ENCODER_MODEL = str(tmp_path / "nowhere")
    out, err = said()
    assert (out, "cannot be loaded" in err) == ("", True)


def test_files_of_the_cache_that_hold_nonsense_are_told_and_stop_no_start(checkpoint, settings):
    settings.ENCODER_MODEL = str(checkpoint)
    prepared = prepare(checkpoint, name="bert")
    tokenizer = prepared.folder / "tokenizer.json"
    tokenizer.write_bytes(b" " * tokenizer.stat().st_size)
    out, err = said()
    assert (out, "cannot be loaded" in err) == ("", True)
