"""Items as text: what is embedded."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from django.template import Context, Engine, Template

from catalog.models import Item

_engine = Engine(autoescape=False)


@lru_cache(maxsize=64)
def _compiled(template: str) -> Template:
    return _engine.from_string(template)


def render_document(item: Item, template: str) -> str:
    """Return the item's text by a version's document template, without blank ends.

    The template may use title, body, category, language and attributes. Raises TemplateSyntaxError.
    """
    values = {
        "title": item.title,
        "body": item.body,
        "category": item.category,
        "language": item.language,
        "attributes": item.attributes,
    }
    return _compiled(template).render(Context(values, autoescape=False)).strip()


def document_hash(document: str) -> str:
    """MD5 in hex, as the ledger keeps it."""
    return hashlib.md5(document.encode(), usedforsecurity=False).hexdigest()
