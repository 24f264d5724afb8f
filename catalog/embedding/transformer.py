"""Any sentence-transformers model or plain transformer checkpoint (mean pooling) as an encoder."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.embedding.base import (
    EncoderOutOfMemory,
    EncoderSpec,
    EncoderUnavailable,
    EncodingFailed,
    FloatArray,
    checked,
)
from catalog.embedding.batching import batches_by_tokens
from catalog.embedding.models import local_files

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

# Small batches keep a CPU's caches warm; a GPU wants as much as fits.
BUDGET_TOKENS = {"cpu": 2_000, "cuda": 65_536}
TEXTS_AT_ONCE = {"cpu": 256, "cuda": 4_096}
# Kernels are compiled for each shape they meet, so lengths are rounded up to few different ones.
PAD_TO_TOKENS = 16


class TransformerEncoder:
    """Runs a transformer over batches of similar length, in bfloat16 where the machine computes in it natively."""

    def __init__(self, spec: EncoderSpec) -> None:
        self.spec = spec
        self._model = _load(spec)
        self._device = self._model.device.type
        self._budget_tokens = BUDGET_TOKENS.get(self._device, BUDGET_TOKENS["cpu"])
        self.texts_at_once = TEXTS_AT_ONCE.get(self._device, TEXTS_AT_ONCE["cpu"])
        self._lock = threading.Lock()  # the tokenizer's truncation is state: one caller at a time
        full = self._model.get_embedding_dimension()
        if full is None:
            raise EncoderUnavailable(f"Model {spec.model} does not say how many dimensions its vectors have.")
        if spec.dimensions is not None and spec.dimensions > full:
            raise EncoderUnavailable(f"Model {spec.model} has {full} dimensions, {spec.dimensions} were asked for.")
        self.dimensions = spec.dimensions or full
        own_limit = self._model.max_seq_length or 512
        self.max_tokens = min(spec.max_tokens or own_limit, own_limit)
        self._model.max_seq_length = self.max_tokens

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        return self._encode([self.spec.document_prompt + text for text in texts])

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._encode([self.spec.query_prompt + text for text in texts])

    def token_offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        if not texts:
            return []
        with self._lock:
            encoded = self._model.tokenizer(
                list(texts), add_special_tokens=False, truncation=False, return_offsets_mapping=True, verbose=False
            )
        return [[(start, end) for start, end in offsets] for offsets in encoded["offset_mapping"]]

    def _encode(self, texts: list[str]) -> FloatArray:
        """Vectors in the order of the texts, whatever order they are computed in."""
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        if not texts:
            return vectors
        with self._lock:
            tokens = self._model.tokenizer(texts, truncation=True, max_length=self.max_tokens)["input_ids"]
            lengths = [_padded(len(ids)) for ids in tokens]
            for batch in batches_by_tokens(lengths, budget_tokens=self._budget_tokens):
                vectors[batch] = self._encode_batch([tokens[index] for index in batch])
        return checked(vectors, count=len(texts), dimensions=self.dimensions)

    def _encode_batch(self, tokens: list[list[int]]) -> FloatArray:
        """One forward pass; halves the batch when memory runs out.

        Raises EncoderOutOfMemory when a single text does not fit, EncodingFailed on any other failure.
        """
        import torch

        try:
            with torch.inference_mode():
                features = self._model.tokenizer.pad(
                    {"input_ids": tokens}, pad_to_multiple_of=PAD_TO_TOKENS, return_tensors="pt"
                )
                output: Any = self._model(dict(features.to(self._model.device)))["sentence_embedding"]
                return output[:, : self.dimensions].float().cpu().numpy()
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            if not _is_out_of_memory(error):
                raise EncodingFailed(reason(error)) from error
            if len(tokens) == 1:
                raise EncoderOutOfMemory("Out of memory on a single text.") from error
            logger.warning("Out of memory on %d texts; trying halves.", len(tokens))
        middle = len(tokens) // 2
        return np.concatenate([self._encode_batch(tokens[:middle]), self._encode_batch(tokens[middle:])])


def _is_out_of_memory(error: Exception) -> bool:
    """A GPU has an exception of its own for it; the CPU's allocator only a text."""
    import torch

    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)


def _padded(length_tokens: int) -> int:
    return -(-length_tokens // PAD_TO_TOKENS) * PAD_TO_TOKENS


def _load(spec: EncoderSpec) -> SentenceTransformer:
    """Load the model's safetensors and nothing executable. Raises EncoderUnavailable."""
    files = local_files(spec.model)
    if files is not None:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        model = SentenceTransformer(
            str(files or spec.model),
            revision=spec.revision or None,
            device=os.environ.get("SEARCHSITE_DEVICE") or None,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except ImportError as error:
        raise EncoderUnavailable(
            "sentence-transformers is not installed: pip install sentence-transformers."
        ) from error
    except Exception as error:  # the libraries below raise a dozen kinds of error for a missing or broken file
        check = f"Check the files in {files}." if files else "Check its name and the network, or give a path."
        raise EncoderUnavailable(f"Model {spec.model} cannot be loaded ({reason(error)}). {check}") from error
    model.eval()
    if computes_bfloat16(model.device.type):
        import torch

        model.to(torch.bfloat16)
    return model


def reason(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:300]}"


def computes_bfloat16(device: str) -> bool:
    """Whether bfloat16 is native here; emulated, it would only be slower."""
    import torch

    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device == "cpu" and any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16"))
