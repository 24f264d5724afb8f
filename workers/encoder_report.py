"""`manage.py evaluate encoder`: its arguments and measurements."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from catalog.embedding.base import EncoderSpec
from catalog.embedding.registry import BACKENDS
from catalog.judged.collection import read_collection
from catalog.judged.comparing import compare_encoders
from catalog.judged.pairs import read_pairs

MOST_DOCUMENTS = 20_000


def add_encoder_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("encoder")
    backends = sorted(BACKENDS)
    group.add_argument("--model", default=settings.ENCODER_MODEL, help="a model's name or path")
    group.add_argument("--backend", default="transformer", choices=backends)
    group.add_argument("--against", help="a second model, measured side by side with the first")
    group.add_argument("--against-backend", default="transformer", choices=backends)
    for whose, prefix in (("the first", ""), ("the second", "against-")):
        group.add_argument(f"--{prefix}query-prompt", default="", help=f"put before the queries of {whose}")
        group.add_argument(f"--{prefix}document-prompt", default="", help=f"put before the documents of {whose}")
    group.add_argument("--against-dimensions", type=int, help="leading dimensions to keep of the second")
    group.add_argument("--pairs", type=Path, help="scored pairs: a CSV with the columns first, second and score")
    group.add_argument(
        "--documents", type=int, default=MOST_DOCUMENTS, help="at most this many: the judged ones, and others at random"
    )


def encoder_rows(options: Mapping[str, Any], *, say: Callable[[str], Any]) -> list[dict[str, Any]]:
    """One row of figures per encoder. Raises OSError, ValueError and EncoderError."""
    if options["directory"] is None and options["pairs"] is None:
        raise ValueError("Give a judged collection, --pairs, or both.")
    collection = None
    if options["directory"] is not None:
        collection = read_collection(options["directory"].resolve()).among(options["documents"])
    pairs = read_pairs(options["pairs"]) if options["pairs"] else []
    against = _spec(options, "against", "against_") if options["against"] else None
    found = compare_encoders(_spec(options, "model", ""), against, collection=collection, pairs=pairs, report=say)
    return found.rows()


def _spec(options: Mapping[str, Any], model: str, prefix: str) -> EncoderSpec:
    return EncoderSpec(
        backend=options[f"{prefix}backend"],
        model=options[model],
        dimensions=options[f"{prefix}dimensions"],
        query_prompt=options[f"{prefix}query_prompt"],
        document_prompt=options[f"{prefix}document_prompt"],
    )
