"""Runtimes of exported models when they are opened."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from catalog.embedding.base import FloatArray
from catalog.embedding.engine import onnx_runtimes
from catalog.embedding.engine.onnx_runtimes import OpenVino
from catalog.embedding.engine.preparing import prepare
from tests.checkpoints import write_checkpoint


class Watched(OpenVino):
    """Records the threads it computes in, and whether the lock on first use was held."""

    computed: list[tuple[str, bool]]

    def _run(self, ids: Any, mask: Any) -> FloatArray:
        computed = self.__dict__.setdefault("computed", [])
        computed.append((threading.current_thread().name, onnx_runtimes._first_use.locked()))
        return super()._run(ids, mask)


def test_openvino_is_used_for_the_first_time_by_one_thread_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENCODER_CACHE", str(tmp_path / "cache"))
    prepared = prepare(write_checkpoint(tmp_path / "small"), name="small")
    runtime = Watched(prepared.model, pad_id=prepared.facts.pad_id, queries=False)
    assert runtime.computed == [(threading.current_thread().name, True)]
    assert not onnx_runtimes._first_use.locked()
