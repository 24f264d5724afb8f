"""Compile every template, and find in them what the Content-Security-Policy would make the browser block."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.contrib.staticfiles import finders
from django.template import TemplateSyntaxError
from django.template.loader import get_template

_PROJECT = Path(__file__).resolve().parent.parent
_BLOCKED = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an inline style sheet": re.compile(r"<style[\s>]", re.IGNORECASE),
    "an inline script": re.compile(
        r"<script(?![^>]*\ssrc=)(?![^>]*type=\"application/(ld\+)?json\")[^>]*>", re.IGNORECASE
    ),
    "an inline event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
}
_STATIC_FILE = re.compile(r"{%\s*static\s+[\"']([^\"']+)[\"']")


def template_names() -> Iterator[tuple[str, Path]]:
    for folder in (_PROJECT / "templates", *_PROJECT.glob("*/templates")):
        for path in sorted(folder.rglob("*.*")):
            if path.is_file():
                yield str(path.relative_to(folder)), path


def faults_in(name: str, text: str) -> Iterator[str]:
    try:
        get_template(name)
    except TemplateSyntaxError as error:
        yield str(error)
    for what, pattern in _BLOCKED.items():
        for match in pattern.finditer(text):
            yield f"line {text.count(chr(10), 0, match.start()) + 1}: {what}"
    for static_file in _STATIC_FILE.findall(text):
        if finders.find(static_file) is None:
            yield f"static file {static_file} does not exist"


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "searchsite.settings")
    django.setup()
    faults = [
        f"{path.relative_to(_PROJECT)}: {fault}"
        for name, path in template_names()
        for fault in faults_in(name, path.read_text(encoding="utf-8"))
    ]
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
