"""Exports with plain attention give the same vectors as the model itself, whatever the architecture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from catalog.embedding.base import EncoderUnavailable
from catalog.embedding.engine import exporting
from catalog.embedding.engine.checkpoint import describe, load, transformer_of
from catalog.embedding.engine.exporting import write_export
from catalog.embedding.engine.onnx_runtimes import RUNTIMES
from catalog.embedding.engine.plain_attention import plain_attention
from catalog.embedding.engine.samples import SAMPLE_TEXTS, least_cosine
from catalog.embedding.engine.tokens import Tokens
from catalog.embedding.engine.torch_padded import TorchPadded
from tests.checkpoints import write_checkpoint, write_decoder

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.mark.parametrize("write", [write_checkpoint, write_decoder])
@pytest.mark.parametrize("runtime", sorted(RUNTIMES))
def test_an_export_has_plain_attention_and_the_vectors_of_the_model(
    tmp_path: Path, write: Callable[[Path], Path], runtime: str
):
    model = load(write(tmp_path / "model"), name="model", device="cpu", precise=True)
    own = transformer_of(model).config._attn_implementation
    facts, tokenizer_json = describe(model, name="model")
    folder = tmp_path / "export"
    folder.mkdir()
    write_export(model, facts, tokenizer_json, folder)
    assert transformer_of(model).config._attn_implementation == own
    operators = {node.op_type for node in onnx.load(folder / "model.onnx").graph.node}
    assert "Softmax" in operators
    assert "IsNaN" not in operators
    tokens = Tokens(tokenizer_json, max_tokens=facts.max_tokens, pad_id=facts.pad_id).ids(SAMPLE_TEXTS)
    by_torch = TorchPadded(model, pad_id=facts.pad_id)
    exported = RUNTIMES[runtime](folder / "model.onnx", pad_id=facts.pad_id, queries=False)
    assert least_cosine(by_torch.fetch(by_torch.compute(tokens)), exported.compute(tokens)) > 0.999


def test_padding_changes_nothing(tmp_path: Path):
    import torch

    model = load(write_checkpoint(tmp_path / "model"), name="model", device="cpu", precise=True)
    facts, _ = describe(model, name="model")
    runtime = TorchPadded(model, pad_id=facts.pad_id)
    short, long = [5, 6, 7], list(range(5, 25))
    with torch.no_grad():
        expected = runtime.fetch(runtime.compute([short]))[0]
        with plain_attention(transformer_of(model)):
            beside = runtime.fetch(runtime.compute([short, long]))[0]
    np.testing.assert_allclose(beside, expected, atol=1e-5)


def test_a_model_that_goes_wrong_with_it_is_exported_with_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from catalog.embedding.engine import plain_attention as plain

    def nonsense(module: object, query: object, key: object, value: object, mask: object, **_: object) -> object:
        return 100 * value.transpose(1, 2), None  # type: ignore[attr-defined]

    monkeypatch.setattr(plain, "_attend", nonsense)
    model = load(write_checkpoint(tmp_path / "model"), name="model", device="cpu", precise=True)
    facts, tokenizer_json = describe(model, name="model")
    write_export(model, facts, tokenizer_json, tmp_path)
    operators = {node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node}
    assert "Softmax" in operators
    monkeypatch.setattr(exporting, "LEAST_COSINE", 1.1)
    with pytest.raises(EncoderUnavailable, match="different vectors"):
        write_export(model, facts, tokenizer_json, tmp_path)
