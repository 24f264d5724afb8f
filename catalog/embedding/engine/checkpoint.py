"""Checkpoints loaded by sentence-transformers: safetensors only, and none of a model's code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from catalog.embedding.base import EncoderSpec, EncoderUnavailable
from catalog.embedding.engine.devices import asked_device, computes_bfloat16
from catalog.embedding.engine.failures import reason
from catalog.embedding.models import local_files

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def load(spec: EncoderSpec) -> SentenceTransformer:
    """Load a model onto its device, in bfloat16 where that is native. Raises EncoderUnavailable.

    A plain checkpoint gets mean pooling, one of a decoder that of its last token.
    """
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
            device=asked_device(),
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
