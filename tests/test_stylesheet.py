"""Every class in the style sheet can be given to an element by some page, script or view."""

from __future__ import annotations

import re
from collections.abc import Iterator

from searchsite.local_site import PROJECT

STYLES = (PROJECT / "static" / "css" / "site.css").read_text(encoding="utf-8")
TEMPLATES = "\n".join(path.read_text(encoding="utf-8") for path in (PROJECT / "templates").rglob("*.html"))
CODE = [
    *(PROJECT / "static" / "js").glob("*.js"),
    *(PROJECT / "dashboard").rglob("*.py"),
    *(PROJECT / "catalog" / "views").rglob("*.py"),
    *(PROJECT / "catalog" / "templatetags").rglob("*.py"),
    *(PROJECT / "recommender" / "templatetags").rglob("*.py"),
]
CLASS_ATTRIBUTE = re.compile(r'class="((?:\{%.*?%\}|\{\{.*?\}\}|[^"])*)"', re.DOTALL)
TAG = re.compile(r"\{%(.*?)%\}")
TEXT = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")


def given_texts() -> Iterator[str]:
    """Class attributes, arguments of template tags, and the texts of scripts and views."""
    yield from CLASS_ATTRIBUTE.findall(TEMPLATES)
    yield from TAG.findall(TEMPLATES)
    for path in CODE:
        yield from (double or single for double, single in TEXT.findall(path.read_text(encoding="utf-8")))


def classes_of(styles: str) -> set[str]:
    without_comments = re.sub(r"/\*.*?\*/", "", styles, flags=re.DOTALL)
    selectors = " ".join(re.findall(r"([^{}]+)\{", without_comments))
    return set(re.findall(r"\.([a-zA-Z][\w-]*)", selectors))


def test_every_class_of_the_style_sheet_is_used():
    words = set(re.findall(r"[\w-]+", "\n".join(given_texts())))
    # As in class="grade-btn--{{ grade }}".
    beginnings = tuple(re.findall(r"([\w-]+-)\{\{", "\n".join(CLASS_ATTRIBUTE.findall(TEMPLATES))))
    classes = classes_of(STYLES)
    assert len(classes) > 200
    assert sorted(name for name in classes - words if not name.startswith(beginnings)) == []
