"""What the settings of an index version must satisfy, however staff give them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from django.conf import settings
from django.template import TemplateSyntaxError

from catalog.embedding.registry import BACKENDS
from catalog.items.documents import render_document
from catalog.models import Item

MIN_WINDOW_TOKENS, MAX_WINDOW_TOKENS = 16, 8_192
MAX_DIMENSIONS = 16_000
#: The kinds of encoders, as shown to staff.
BACKEND_LABELS = {
    "transformer": "Transformer",
    "static": "Static word vectors",
    "openai": "Embeddings endpoint (OpenAI-compatible)",
    "clip": "Texts and pictures: CLIP or SigLIP",
}


class SettingsRefused(ValueError):
    """Settings that no version can be made with; `field` is the one at fault."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def check_encoder(*, backend: str, model: str) -> None:
    """Raises SettingsRefused for errors that can be found before a worker loads the encoder."""
    if backend not in BACKENDS:
        raise SettingsRefused("backend", f"There is no encoder backend {backend}. Known: {', '.join(BACKENDS)}.")
    if backend == "openai" and not settings.ENCODER_URL:
        raise SettingsRefused("backend", "This site has no embeddings endpoint: ENCODER_URL is not set.")
    is_path = model.startswith(("/", "~", "./", "../"))
    if (is_path or backend == "static") and backend != "openai" and not Path(model).expanduser().exists():
        what = "file of word vectors or folder of a static encoder" if backend == "static" else "folder with a model"
        raise SettingsRefused("model", f"There is no {what} at {model}.")


def check_template(template: str) -> None:
    """Render an item with it, which finds errors that parsing alone misses. Raises SettingsRefused."""
    any_attribute: defaultdict[str, object] = defaultdict(lambda: "text", year=2000)
    example = Item(title="title", body="body", category="category", language="en", attributes=any_attribute)
    nothing = Item(title="", body="", category="", language="", attributes={})
    try:
        document, empty = render_document(example, template), render_document(nothing, template)
    except TemplateSyntaxError as error:
        raise SettingsRefused("document_template", f"The template cannot be parsed: {error}") from error
    except Exception as error:  # whatever a template's tags raise
        raise SettingsRefused("document_template", f"The template fails: {error}") from error
    if not document:
        raise SettingsRefused(
            "document_template", "The template produces no text, even for an item with all its fields."
        )
    if document == empty:
        raise SettingsRefused("document_template", "The template uses no field of an item, such as {{ title }}.")


def check_overlap(*, window_tokens: int | None, overlap_tokens: int) -> None:
    """Raises SettingsRefused. Without a window, the version uses the most the encoder can read."""
    if window_tokens is not None and overlap_tokens * 2 > window_tokens:
        raise SettingsRefused("overlap_tokens", "The overlap may be at most half the window.")


def backend_choices() -> list[tuple[str, str]]:
    """Every encoder backend, with its label."""
    return [(name, BACKEND_LABELS.get(name, name)) for name in BACKENDS]
