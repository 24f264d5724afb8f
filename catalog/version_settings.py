"""What the settings of an index version must meet, however staff give them."""

from __future__ import annotations

from pathlib import Path

from django.template import TemplateSyntaxError

from catalog.documents import render_document
from catalog.models import Item

MIN_WINDOW_TOKENS, MAX_WINDOW_TOKENS = 16, 8_192
MAX_DIMENSIONS = 16_000


class SettingsRefused(ValueError):
    """Settings that no version can be made with: `field` is at fault."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def check_model(model: str) -> None:
    """Raises SettingsRefused for a path at which there is nothing; whether a name means a model its loading tells."""
    if model.startswith(("/", "~", "./", "../")) and not Path(model).expanduser().exists():
        raise SettingsRefused("model", f"There is no folder {model} with a model.")


def check_template(template: str) -> None:
    """Render an item by it, which finds what parsing alone lets pass. Raises SettingsRefused."""
    example = Item(title="title", body="body", category="category", language="en", attributes={"year": 2000})
    try:
        document = render_document(example, template)
    except TemplateSyntaxError as error:
        raise SettingsRefused("document_template", f"The template cannot be read: {error}") from error
    except Exception as error:  # whatever a template's tags raise
        raise SettingsRefused("document_template", f"The template fails: {error}") from error
    if not document:
        raise SettingsRefused("document_template", "The template makes no text of an item that has all of its fields.")


def check_overlap(*, window_tokens: int | None, overlap_tokens: int) -> None:
    """Raises SettingsRefused. Without a window, the version takes as much as the encoder can."""
    if window_tokens is not None and overlap_tokens * 2 > window_tokens:
        raise SettingsRefused("overlap_tokens", "The overlap may be at most half of the window.")
