"""The transformer that a student learns from."""

from __future__ import annotations

from typing import Any

from catalog.embedding.base import Encoder, EncoderSpec, EncoderUnavailable
from catalog.embedding.engine.checkpoint import checkpoint_folder
from catalog.embedding.registry import encoder_for


class NotATransformer(Exception):
    """Only transformers can be distilled: other encoders have no tokenizer to start from."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def load_teacher(spec: EncoderSpec) -> tuple[Encoder, Any]:
    """Return an encoder and its tokenizer, from the transformers library.

    Raises NotATransformer and EncoderUnavailable.
    """
    if spec.backend != "transformer":
        raise NotATransformer
    encoder = encoder_for(spec)
    folder = checkpoint_folder(spec.model, spec.revision)
    try:
        from transformers import AutoTokenizer

        return encoder, AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, ImportError) as error:
        raise EncoderUnavailable(f"The tokenizer of {spec.model} cannot be loaded: {error}") from error
