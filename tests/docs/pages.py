"""The pages of the documentation."""

from __future__ import annotations

from searchsite.local_site import PROJECT

PAGES = {
    path.name: path for path in (*(PROJECT / "docs").glob("*.md"), PROJECT / "README.md", PROJECT / "CONTRIBUTING.md")
}


def page(name: str) -> str:
    return PAGES[name].read_text(encoding="utf-8")
