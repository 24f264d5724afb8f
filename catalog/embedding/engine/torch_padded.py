"""Plain torch, on any device, for every architecture: batches padded to their longest text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from catalog.embedding.base import FloatArray
from catalog.embedding.engine.devices import threads_to_use
from catalog.embedding.engine.tokens import TokenIds, padded

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

# Small batches keep a CPU's caches warm; a GPU wants as much as fits.
BUDGET_TOKENS = {"cpu": 1_500, "cuda": 65_536}
TEXTS_AT_ONCE = {"cpu": 512, "cuda": 8_192}
PAD_TO_TOKENS = 16
#: On a CPU. Python's work between a model's operations runs one lane at a time, and would make more lanes wait.
MOST_LANES = 8


class TorchPadded:
    """Runs a model's modules as sentence-transformers does, including pooling."""

    name = "torch"
    pad_to_tokens = PAD_TO_TOKENS

    def __init__(self, model: SentenceTransformer, *, pad_id: int) -> None:
        self.model = model
        self._pad_id = pad_id
        self.budget_tokens = BUDGET_TOKENS.get(model.device.type, BUDGET_TOKENS["cpu"])
        self.texts_at_once = TEXTS_AT_ONCE.get(model.device.type, TEXTS_AT_ONCE["cpu"])
        self.lanes = min(threads_to_use(), MOST_LANES) if model.device.type == "cpu" else 1

    def enter_lane(self) -> None:
        """Divide the cores among the lanes: if several compute one operation, the faster ones wait for the slowest."""
        import torch

        torch.set_num_threads(max(1, threads_to_use() // self.lanes))

    def compute(self, tokens: Sequence[TokenIds]) -> Tensor:
        import torch

        ids, mask = padded(tokens, pad_id=self._pad_id, multiple=self.pad_to_tokens)
        with torch.inference_mode():
            features = {"input_ids": self.to_device(ids), "attention_mask": self.to_device(mask)}
            vectors: Tensor = self.model(features)["sentence_embedding"]
            return vectors.float()

    def join(self, outputs: Sequence[Tensor]) -> Tensor:
        import torch

        return torch.cat(list(outputs))

    def fetch(self, output: Tensor) -> FloatArray:
        return output.cpu().numpy()

    def to_device(self, array: Any) -> Tensor:
        """Copy an array to the model's device; from pinned memory, so that the copy overlaps with computing."""
        import torch

        tensor = torch.from_numpy(array)
        if self.model.device.type != "cuda":
            return tensor.to(self.model.device)
        return tensor.pin_memory().to(self.model.device, non_blocking=True)
