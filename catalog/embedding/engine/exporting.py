"""A checkpoint as an ONNX file, by torch's own exporter, checked against torch before use."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.embedding.base import EncoderUnavailable, FloatArray
from catalog.embedding.engine.checkpoint import transformer_of
from catalog.embedding.engine.failures import reason
from catalog.embedding.engine.onnx_runtimes import RUNTIMES, OnnxRuntime, installed_runtimes
from catalog.embedding.engine.plain_attention import plain_attention
from catalog.embedding.engine.prepared import ModelFacts
from catalog.embedding.engine.samples import SAMPLE_TEXTS, least_cosine
from catalog.embedding.engine.tokens import TokenIds, Tokens
from catalog.embedding.engine.torch_padded import TorchPadded

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

#: For float32, with room for bfloat16's rounding.
LEAST_COSINE = 0.999
#: For 8-bit weights. Vectors this close rank documents as those of float32 do (docs/models.md).
LEAST_SMALL_COSINE = 0.995
#: The number of weights or activations that share a scale.
BLOCK = 128
#: Weights above this size go into a file of their own: a protocol buffer is limited to 2 GiB.
LARGE_BYTES = 1 << 30


def write_export(model: SentenceTransformer, facts: ModelFacts, tokenizer_json: str, folder: Path) -> None:
    """Export a model in float32 on the CPU into a folder. Raises EncoderUnavailable if its vectors differ."""
    (folder / "tokenizer.json").write_text(tokenizer_json, encoding="utf-8")
    (folder / "facts.json").write_text(json.dumps(asdict(facts), indent=1), encoding="utf-8")
    tokens = Tokens(tokenizer_json, max_tokens=facts.max_tokens, pad_id=facts.pad_id).ids(SAMPLE_TEXTS)
    torch_runtime = TorchPadded(model, pad_id=facts.pad_id)
    expected = torch_runtime.fetch(torch_runtime.compute(tokens))
    try:
        with plain_attention(transformer_of(model)):
            _export(model, folder / "model.onnx")
        _check(folder / "model.onnx", facts, tokens, expected)
    except Exception as error:  # whatever an architecture raises for attention that it does not know
        logger.info("The model is exported with its own attention: %s.", reason(error))
        _export(model, folder / "model.onnx")
        _check(folder / "model.onnx", facts, tokens, expected)
    if "onnxruntime" in installed_runtimes():
        _write_small(folder, facts, tokens, expected)


def _check(file: Path, facts: ModelFacts, tokens: Sequence[TokenIds], expected: FloatArray) -> None:
    """Raises EncoderUnavailable if a runtime gives different vectors."""
    for name in installed_runtimes():
        runtime = RUNTIMES[name](file, pad_id=facts.pad_id, queries=False)
        cosine = least_cosine(expected, runtime.compute(tokens))
        if not cosine >= LEAST_COSINE:
            raise EncoderUnavailable(
                f"With {name} the export gives different vectors from torch (cosine {cosine:.4f})."
            )


def _export(model: SentenceTransformer, file: Path) -> None:
    """All modules of a model, including pooling, as one graph: ids and mask in, vectors out, of any shape."""
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
            return self.model({"input_ids": input_ids, "attention_mask": attention_mask})["sentence_embedding"]

    ids = torch.ones((2, 16), dtype=torch.long)
    any_shape = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    weights_bytes = sum(parameter.nbytes for parameter in model.parameters())
    with torch.no_grad():
        program = torch.onnx.export(
            Whole().eval(),
            (ids, torch.ones_like(ids)),
            dynamo=True,
            verbose=False,
            input_names=["input_ids", "attention_mask"],
            output_names=["vectors"],
            dynamic_shapes=(any_shape, any_shape),
        )
    if program is None:
        raise EncoderUnavailable("The exporter returned nothing.")
    program.save(file, external_data=weights_bytes > LARGE_BYTES)


def _write_small(folder: Path, facts: ModelFacts, tokens: Any, expected: Any) -> None:
    """Write the model with 8-bit weights, and activations quantised dynamically, if it is close enough.

    The weights are in a file of their own, which the web processes share in memory: what is not repacked, such as the
    word vectors, is there once.

    Each block of BLOCK numbers has its own scale, including a token's activations. One scale for all tokens, as in
    dynamic quantisation, is set by a few large values and loses ten times as much (docs/models.md).
    """
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    small = folder / "int8"
    small.mkdir()
    try:
        computed_in_8_bits = 4  # the operator's own name for it: "accuracy level"
        quantiser = MatMulNBitsQuantizer(
            onnx.load(folder / "model.onnx"),
            bits=8,
            block_size=BLOCK,
            is_symmetric=True,
            accuracy_level=computed_in_8_bits,
        )
        quantiser.process()
        quantiser.model.save_model_to_file(small / "model.onnx", use_external_data_format=True)
        runtime = OnnxRuntime(small / "model.onnx", pad_id=facts.pad_id, queries=True)
        cosine = least_cosine(expected, runtime.compute(tokens))
    except Exception as error:  # an operator that the quantiser does not know
        logger.warning("There are no 8-bit weights: %s.", reason(error))
        cosine = -1.0
    if cosine < LEAST_SMALL_COSINE:
        shutil.rmtree(small)
