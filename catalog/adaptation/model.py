"""A transformer in full precision with trainable weights, usable as an encoder and saved as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.embedding.base import EncoderSpec, EncoderUnavailable, FloatArray, checked
from catalog.embedding.engine.checkpoint import checkpoint_folder, describe, load
from catalog.embedding.engine.devices import computes_bfloat16
from catalog.embedding.transformer import with_own_prompts

if TYPE_CHECKING:
    import torch

TEXTS_AT_ONCE = 64


class TrainableModel:
    """An encoder like any other, but slower. Raises EncoderUnavailable if its safetensors cannot be loaded."""

    texts_at_once = TEXTS_AT_ONCE

    def __init__(self, spec: EncoderSpec) -> None:
        if spec.backend != "transformer":
            raise EncoderUnavailable(f"Only transformers can be adapted; this encoder's backend is {spec.backend}.")
        self.model = load(checkpoint_folder(spec.model, spec.revision), name=spec.model, precise=True)
        facts, _ = describe(self.model, name=spec.model)
        self.spec = with_own_prompts(spec, facts)
        self.max_tokens = min(spec.max_tokens or facts.max_tokens, facts.max_tokens)
        self.model.max_seq_length = self.max_tokens
        self.dimensions = spec.dimensions or facts.dimensions

    def vectors(self, texts: Sequence[str], *, max_tokens: int) -> torch.Tensor:
        """Vectors of length 1 with their gradients, of shape (n, dimensions)."""
        from torch.nn.functional import normalize

        features = self.model.tokenizer(
            list(texts), truncation=True, max_length=max_tokens, padding=True, return_tensors="pt"
        )
        output: Any = self.model(dict(features.to(self.model.device)))["sentence_embedding"]
        return normalize(output[:, : self.dimensions].float(), dim=1)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        return self._encode([self.spec.document_prompt + text for text in texts])

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._encode([self.spec.query_prompt + text for text in texts])

    def token_offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        if not texts:
            return []
        encoded = self.model.tokenizer(
            list(texts), add_special_tokens=False, truncation=False, return_offsets_mapping=True, verbose=False
        )
        return [[(start, end) for start, end in offsets] for offsets in encoded["offset_mapping"]]

    def weights(self) -> dict[str, torch.Tensor]:
        """A copy of all weights."""
        return {name: weight.detach().clone() for name, weight in self.model.state_dict().items()}

    def set_weights(self, weights: dict[str, torch.Tensor]) -> None:
        self.model.load_state_dict(weights)

    def save(self, folder: Path) -> None:
        """Write safetensors, tokenizer and pooling in the form that `EncoderSpec(model=folder)` loads."""
        self.model.save(str(folder), create_model_card=False, safe_serialization=True)

    def _encode(self, texts: list[str]) -> FloatArray:
        import torch

        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        self.model.eval()
        parts: list[FloatArray] = []
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        with torch.inference_mode(), half_precision(self.model.device.type):
            for first in range(0, len(order), TEXTS_AT_ONCE // 2):
                some = [texts[place] for place in order[first : first + TEXTS_AT_ONCE // 2]]
                parts.append(self.vectors(some, max_tokens=self.max_tokens).cpu().numpy())
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        vectors[order] = np.concatenate(parts)
        return checked(vectors, count=len(texts), dimensions=self.dimensions)


def half_precision(device: str) -> Any:
    """Products in bfloat16 if the machine supports it; the weights stay in full precision."""
    import torch

    return torch.autocast(device_type=device, dtype=torch.bfloat16, enabled=computes_bfloat16(device))
