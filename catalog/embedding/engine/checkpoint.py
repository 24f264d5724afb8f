"""Checkpoints loaded by sentence-transformers: safetensors only, and none of a model's own code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.embedding.base import EncoderUnavailable
from catalog.embedding.engine.devices import asked_device, computes_bfloat16
from catalog.embedding.engine.failures import reason
from catalog.embedding.engine.prepared import ModelFacts
from catalog.embedding.models import local_files

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: For models that state no limit of their own.
DEFAULT_MAX_TOKENS = 512
#: Names that models use for the document prompt; the first one present counts.
DOCUMENT_PROMPTS = ("document", "passage", "corpus")
HUB_FILES = ["*.safetensors", "*.json", "*.txt", "*.model"]
ALREADY_EXPORTED = ["onnx/*", "openvino/*"]


def checkpoint_folder(model: str, revision: str) -> Path:
    """Return the folder with a model's files, which are fetched from the hub once. Raises EncoderUnavailable."""
    if (files := local_files(model)) is not None:
        return files
    if model.startswith(("/", ".", "~")):
        raise EncoderUnavailable(f"Model {model} cannot be loaded: there is no such folder. Check the path.")
    try:
        from huggingface_hub import snapshot_download

        return Path(
            snapshot_download(
                model if "/" in model else f"sentence-transformers/{model}",
                revision=revision or None,
                allow_patterns=HUB_FILES,
                ignore_patterns=ALREADY_EXPORTED,
            )
        )
    except Exception as error:  # no network, no such model, no such revision: a dozen kinds of error
        raise EncoderUnavailable(
            f"Model {model} cannot be loaded ({reason(error)}). Check its name and the network, or give a path."
        ) from error


def revision_of(folder: Path) -> str:
    """The commit that the hub's cache keeps in this folder; empty for a model given by its path."""
    return folder.name if folder.parent.name == "snapshots" else ""


def load(folder: Path, *, name: str, device: str | None = None, precise: bool = False) -> SentenceTransformer:
    """Load a model onto a device (SEARCHSITE_DEVICE, or the machine's default), in bfloat16 if that is native.

    With `precise`, in float32. A plain checkpoint gets mean pooling, a decoder's that of its last token. Raises
    EncoderUnavailable.
    """
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        model = SentenceTransformer(
            str(folder),
            device=device or asked_device(),
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except ImportError as error:
        raise EncoderUnavailable(
            "sentence-transformers is not installed. Run: pip install sentence-transformers"
        ) from error
    except Exception as error:  # the libraries below raise a dozen kinds of error for a missing or broken file
        raise EncoderUnavailable(
            f"Model {name} cannot be loaded ({reason(error)}). Check the files in {folder}."
        ) from error
    import torch

    bfloat16 = not precise and computes_bfloat16(model.device.type)
    return model.eval().to(torch.bfloat16 if bfloat16 else torch.float32)


def transformer_of(model: SentenceTransformer) -> Any:
    """The transformers model that is its first module."""
    first: Any = model[0]
    return first.auto_model


def describe(model: SentenceTransformer, *, name: str) -> tuple[ModelFacts, str]:
    """Return the facts about a model, and its tokenizer as JSON. Raises EncoderUnavailable."""
    dimensions = model.get_embedding_dimension()
    if dimensions is None:
        raise EncoderUnavailable(f"Model {name} does not say how many dimensions its vectors have.")
    backend: Any = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderUnavailable(f"Model {name} has no tokenizer that maps tokens to their place in the text.")
    prompts = model.prompts
    facts = ModelFacts(
        dimensions=dimensions,
        max_tokens=model.max_seq_length or DEFAULT_MAX_TOKENS,
        pad_id=_pad_id(model.tokenizer),
        query_prompt=prompts.get("query") or "",
        document_prompt=next(filter(None, map(prompts.get, DOCUMENT_PROMPTS)), ""),
    )
    return facts, backend.to_str()


def _pad_id(tokenizer: Any) -> int:
    """Decoders often have no padding token; any will do, as nothing attends to it."""
    for own in (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id):
        if own is not None:
            return int(own)
    return 0
