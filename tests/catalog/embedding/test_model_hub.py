"""The model hub is asked for what is not here, and never for what is; each in a process that has loaded nothing yet."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from searchsite.local_site import PROJECT
from tests.checkpoints import write_checkpoint, write_cross_encoder
from tests.clip_checkpoints import write_clip
from tests.small_server import SmallServer

LOAD_ALL = """
import json, sys
from catalog.embedding.base import EncoderSpec, EncoderUnavailable
from catalog.embedding.registry import make_encoder
from catalog.embedding.reranker import Reranker, RerankerSpec

bert, clip, cross = sys.argv[1:]
make_encoder(EncoderSpec(model=bert)).encode_queries(["robot"])
make_encoder(EncoderSpec(backend="clip", model=clip)).encode_queries(["robot"])
Reranker(RerankerSpec(model=cross)).scores("robot", ["robot"], budget_s=60)
"""
LOAD_FROM_HUB = """
try:
    make_encoder(EncoderSpec(model="somebody/something"))
except EncoderUnavailable as error:
    print(error)
"""


class Hub(SmallServer):
    """Has no model, and records what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__()

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.path)
        handler.send_error(404)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("models")
    made = write_checkpoint(folder / "bert"), write_clip(folder / "clip"), write_cross_encoder(folder / "cross")
    return [str(model) for model in made]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


def run(script: str, models: list[str], hub: Hub, cache: Path) -> str:
    own = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.port}", "HF_HOME": str(cache), "ENCODER_RUNTIME": "torch"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    finished = subprocess.run(
        [sys.executable, "-c", script, *models], cwd=PROJECT, env=environment | own, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_models_that_are_here_are_loaded_without_the_hub(models, hub, tmp_path):
    run(LOAD_ALL, models, hub, tmp_path)
    assert hub.asked == []


def test_the_hub_is_asked_for_others_also_after_that(models, hub, tmp_path):
    said = run(LOAD_ALL + LOAD_FROM_HUB, models, hub, tmp_path)
    assert any("somebody/something" in path for path in hub.asked), hub.asked
    assert "Model somebody/something cannot be loaded" in said
