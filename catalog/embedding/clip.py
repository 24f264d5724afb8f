"""Any CLIP- or SigLIP-style checkpoint as an encoder: a text tower and an image tower into one space.

Radford et al., 2021, https://arxiv.org/abs/2103.00020, and Zhai et al., 2023, https://arxiv.org/abs/2303.15343.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.embedding.base import EncoderSpec, EncoderUnavailable, FloatArray, checked
from catalog.embedding.batching import batches_by_tokens
from catalog.embedding.engine.checkpoint import checkpoint_folder
from catalog.embedding.engine.devices import asked_device, computes_bfloat16
from catalog.embedding.engine.failures import in_halves, reason
from catalog.embedding.engine.torch_padded import BUDGET_TOKENS, PAD_TO_TOKENS

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGES_AT_ONCE = {"cpu": 8, "cuda": 128}
# Few items at a time, since each may have a picture that has to be fetched first.
ITEMS_AT_ONCE = {"cpu": 64, "cuda": 256}
# These were trained on texts padded to the maximum length, and attend to the padding.
PADDED_TO_THE_LONGEST = ("siglip", "siglip2")


class ClipEncoder:
    """Encodes texts and pictures, in bfloat16 if the machine supports it natively."""

    def __init__(self, spec: EncoderSpec) -> None:
        self.spec = spec
        self._model, self._tokenizer, self._images = _load(spec)
        self._device = self._model.device.type
        self._budget_tokens = BUDGET_TOKENS.get(self._device, BUDGET_TOKENS["cpu"])
        self._images_at_once = IMAGES_AT_ONCE.get(self._device, IMAGES_AT_ONCE["cpu"])
        self._items_at_once = ITEMS_AT_ONCE.get(self._device, ITEMS_AT_ONCE["cpu"])
        self._lock = threading.Lock()  # truncation is state of the tokenizer: one caller at a time
        own_limit = self._model.config.text_config.max_position_embeddings
        self.max_tokens = min(spec.max_tokens or own_limit, own_limit)
        fills_up = self._model.config.model_type in PADDED_TO_THE_LONGEST
        self._pad_to = self.max_tokens if fills_up else PAD_TO_TOKENS
        full = self._texts([self._tokenizer("a")["input_ids"]]).shape[1]
        if spec.dimensions is not None and spec.dimensions > full:
            raise EncoderUnavailable(f"Model {spec.model} has {full} dimensions, but {spec.dimensions} were requested.")
        self.dimensions = spec.dimensions or full

    @property
    def texts_at_once(self) -> int:
        return self._items_at_once

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        return self._encode([self.spec.document_prompt + text for text in texts])

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._encode([self.spec.query_prompt + text for text in texts])

    def encode_images(self, images: Sequence[Image]) -> FloatArray:
        vectors = np.empty((len(images), self.dimensions), dtype=np.float32)
        for first in range(0, len(images), self._images_at_once):
            batch = images[first : first + self._images_at_once]
            vectors[first : first + len(batch)] = in_halves(self._pictures, batch)[:, : self.dimensions]
        return checked(vectors, count=len(images), dimensions=self.dimensions)

    def token_offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        if not texts:
            return []
        with self._lock:
            encoded = self._tokenizer(
                list(texts), add_special_tokens=False, truncation=False, return_offsets_mapping=True, verbose=False
            )
        return [[(start, end) for start, end in offsets] for offsets in encoded["offset_mapping"]]

    def _encode(self, texts: list[str]) -> FloatArray:
        """Vectors in the order of the texts, whatever order they are computed in."""
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        if not texts:
            return vectors
        with self._lock:
            tokens = self._tokenizer(texts, truncation=True, max_length=self.max_tokens)["input_ids"]
            lengths = [self._padded(len(ids)) for ids in tokens]
            for batch in batches_by_tokens(lengths, budget_tokens=self._budget_tokens):
                found = in_halves(self._texts, [tokens[index] for index in batch])
                vectors[batch] = found[:, : self.dimensions]
        return checked(vectors, count=len(texts), dimensions=self.dimensions)

    def _padded(self, length_tokens: int) -> int:
        return min(-(-length_tokens // self._pad_to) * self._pad_to, self.max_tokens)

    def _texts(self, tokens: Sequence[list[int]]) -> FloatArray:
        width = self._padded(max(map(len, tokens)))
        features = self._tokenizer.pad(
            {"input_ids": list(tokens)}, padding="max_length", max_length=width, return_tensors="pt"
        )
        known = {name: features[name] for name in self._tokenizer.model_input_names if name in features}
        return self._run(self._model.get_text_features, known)

    def _pictures(self, images: Sequence[Image]) -> FloatArray:
        pixels = self._images(images=list(images), return_tensors="pt")["pixel_values"]
        return self._run(self._model.get_image_features, {"pixel_values": pixels.to(self._model.dtype)})

    def _run(self, tower: Callable[..., Any], features: dict[str, Any]) -> FloatArray:
        import torch

        with torch.inference_mode():
            output = tower(**{name: values.to(self._model.device) for name, values in features.items()})
            vectors: FloatArray = getattr(output, "pooler_output", output).float().cpu().numpy()
        return vectors


def _load(spec: EncoderSpec) -> tuple[Any, Any, Any]:
    """Load the model's safetensors, its tokenizer and its image processor, and nothing executable.

    Raises EncoderUnavailable.
    """
    folder = _towers(checkpoint_folder(spec.model, spec.revision))
    try:
        from transformers import AutoImageProcessor, AutoModel, AutoTokenizer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        known: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        model = AutoModel.from_pretrained(folder, use_safetensors=True, **known)
        tokenizer = AutoTokenizer.from_pretrained(folder, **known)
        images = AutoImageProcessor.from_pretrained(folder, backend="pil", **known)  # type: ignore[no-untyped-call]
    except ImportError as error:
        raise EncoderUnavailable("A library is missing. Run: pip install transformers pillow") from error
    except Exception as error:  # the libraries below raise a dozen kinds of error for a missing or broken file
        raise EncoderUnavailable(
            f"Model {spec.model} cannot be loaded ({reason(error)}). Check the files in {folder}."
        ) from error
    if not hasattr(model, "get_image_features") or not hasattr(model, "get_text_features"):
        raise EncoderUnavailable(f"Model {spec.model} does not encode both texts and pictures, as CLIP and SigLIP do.")
    if not tokenizer.is_fast:
        raise EncoderUnavailable(
            f"Model {spec.model} has no tokenizer.json, which maps tokens to their place in the text."
        )
    return _placed(model), tokenizer, images


def _towers(folder: Path) -> Path:
    """The checkpoint's folder: sentence-transformers keeps it in a subfolder."""
    module = folder / "0_CLIPModel"
    return module if module.is_dir() else folder


def _placed(model: Any) -> Any:
    import torch

    device = asked_device() or ("cuda" if torch.cuda.is_available() else "cpu")
    model = model.eval().to(device)
    return model.to(torch.bfloat16) if computes_bfloat16(model.device.type) else model
