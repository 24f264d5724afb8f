"""Small checkpoints with a text tower and a picture tower, as files that a model name may point to."""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tokenizers import pre_tokenizers
from transformers import BertTokenizer, CLIPConfig, CLIPModel, CLIPTokenizer, SiglipConfig, SiglipModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

SIDE_PIXELS = 32
SHAPE = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32, "intermediate_size": 64}
VISION = {"image_size": SIDE_PIXELS, "patch_size": 8}

COLOURS = ("red", "green", "blue")
#: How much of a vector indicates whether it is of a text or of a picture.
GAP = 2.0


def picture(colour: str | tuple[int, int, int] = "red", *, width: int = 40, height: int = 30) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def write_clip(folder: Path, *, seed: int = 0) -> Path:
    """Write a CLIP with random weights whose tokens are bytes, and return its folder."""
    special = ["<|startoftext|>", "<|endoftext|>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), *special]
    ids = {token: place for place, token in enumerate(vocabulary)}
    tokenizer = CLIPTokenizer(vocab=ids, merges=[], model_max_length=64)
    torch.manual_seed(seed)
    config = CLIPConfig(
        text_config={
            **SHAPE,
            "vocab_size": len(vocabulary),
            "max_position_embeddings": 64,
            "bos_token_id": ids[special[0]],
            "eos_token_id": ids[special[1]],
            "pad_token_id": ids[special[1]],
        },
        vision_config=SHAPE | VISION,
        projection_dim=24,
    )
    return _write(folder, CLIPModel(config), tokenizer, CLIPImageProcessorPil(**_sizes()))


def write_siglip(folder: Path, *, seed: int = 0) -> Path:
    """Write a SigLIP with random weights, and return its folder."""
    tokenizer = _word_tokenizer([*string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase)])
    torch.manual_seed(seed)
    config = SiglipConfig(
        text_config={**SHAPE, "vocab_size": len(tokenizer), "max_position_embeddings": 64, "projection_size": 32},
        vision_config=SHAPE | VISION,
    )
    side = {"height": SIDE_PIXELS, "width": SIDE_PIXELS}
    return _write(folder, SiglipModel(config), tokenizer, SiglipImageProcessorPil(size=side))


def write_colours(folder: Path) -> Path:
    """Write a CLIP that knows three colours, in words and in pictures, and return its folder.

    A vector is the mean of what the words or patches show, plus a large part that is the same for all texts, and
    another for all pictures: the gap between the two that trained checkpoints have. Other words show nothing.
    """
    words = [*string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase), *COLOURS]
    tokenizer = _word_tokenizer(words)
    width, text_kind, picture_kind, nothing = 16, 3, 4, 5
    config = CLIPConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 64,
            "eos_token_id": tokenizer.sep_token_id,
            **_narrow(width),
        },
        vision_config=VISION | _narrow(width),
        projection_dim=width,
    )
    model = CLIPModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        for name, parameter in model.named_parameters():
            if "norm" in name and name.endswith("weight"):
                parameter.fill_(1)
            if name.endswith(("v_proj.weight", "out_proj.weight", "projection.weight")):
                parameter.copy_(torch.eye(width))
        tokens = model.text_model.embeddings.token_embedding.weight
        tokens[:] = _direction(nothing, width)
        tokens[tokenizer.sep_token_id] = GAP * _direction(text_kind, width)
        vision = model.vision_model.embeddings
        vision.class_embedding.copy_(GAP * _direction(picture_kind, width))
        for place, colour in enumerate(COLOURS):
            tokens[tokenizer.convert_tokens_to_ids(colour)] = _direction(place, width)
            pixels = VISION["patch_size"] ** 2
            vision.patch_embedding.weight[:, place] = _direction(place, width)[:, None, None] / pixels
    plain: dict[str, Any] = {"image_mean": [0.0] * 3, "image_std": [1.0] * 3}
    return _write(folder, model, tokenizer, CLIPImageProcessorPil(**_sizes(), **plain))


def _narrow(width: int) -> dict[str, int]:
    return {"hidden_size": width, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 4}


def _direction(place: int, width: int) -> torch.Tensor:
    """One of width / 2 directions whose numbers sum to 0, so that layer norms leave it unchanged."""
    direction = torch.zeros(width)
    direction[2 * place], direction[2 * place + 1] = 1.0, -1.0
    return direction


def _sizes() -> dict[str, Any]:
    return {
        "size": {"shortest_edge": SIDE_PIXELS},
        "crop_size": {"height": SIDE_PIXELS, "width": SIDE_PIXELS},
    }


def _word_tokenizer(words: Sequence[str]) -> BertTokenizer:
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *".,:!?'-", *words]
    return BertTokenizer(vocab={token: place for place, token in enumerate(vocabulary)}, model_max_length=64)


def _write(folder: Path, model: Any, tokenizer: Any, images: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for part in (model, tokenizer, images):
        part.save_pretrained(folder)
    return folder
