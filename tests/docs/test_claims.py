"""Everything the documentation names exists: URLs, commands, settings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from searchsite.local_site import PROJECT
from tests.docs.pages import PAGES, page

SETTINGS_READERS = [
    *(PROJECT / "searchsite").rglob("*.py"),
    *(PROJECT / "catalog").rglob("*.py"),
    PROJECT / "docker-compose.yml",
]


def code_in(text: str) -> Iterator[str]:
    """The text in backquotes and in indented blocks."""
    yield from re.findall(r"`([^`\n]+)`", text)
    yield from re.findall(r"^    (.+)$", text, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_links_lead_to_files_that_are_there(name: str):
    for target in re.findall(r"\]\(([^)#]+)\)", page(name)):
        if "://" not in target:
            assert (PAGES[name].parent / target).exists(), target


@pytest.mark.parametrize("name", sorted(PAGES))
def test_commands_of_manage_py_exist(name: str):
    known = get_commands()
    for code in code_in(page(name)):
        for command in re.findall(r"manage\.py ([a-z_]+)", code):
            assert command in known, command


@pytest.mark.parametrize("name", sorted(PAGES))
def test_targets_of_make_exist(name: str):
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    for code in code_in(page(name)):
        named = re.match(r"(?:[A-Z]+=\S+ )*make ([a-z]+)", code)
        assert named is None or named[1] in targets, code


@pytest.mark.parametrize("name", sorted(PAGES))
def test_addresses_are_served(name: str):
    for address in re.findall(r"(/api/v1/[a-z{}/-]*[a-z}])", page(name)):
        if not any(leads_somewhere(address.replace("{id}", example)) for example in ("1", str(UUID(int=1)))):
            pytest.fail(f"{address} leads nowhere", pytrace=False)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_addresses_hold_nothing_that_a_server_refuses(name: str):
    """Servers answer 400 without an explanation to an unescaped quote, space or angle bracket."""
    for address in re.findall(r"""(["'])(https?://.*?)\1""", page(name)):
        assert not re.search(r"""[\s"<>^`{|}\\]""", address[1]), address[1]


def leads_somewhere(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def test_every_setting_of_the_page_on_deploying_is_read_somewhere():
    code = "\n".join(path.read_text() for path in SETTINGS_READERS)
    table = re.search(r"## Settings\n(.*?)\n## ", page("deploying.md"), re.DOTALL)
    assert table is not None
    names = re.findall(r"`([A-Z][A-Z_]+)(?:=\d+)?`", table[1])
    assert len(names) > 15
    for name in set(names) - {"NAME_FILE"}:
        assert f'"{name}"' in code or f"{name}:" in code, name


def test_figures_of_the_readme_are_those_of_the_page_on_quality():
    figures = re.findall(r"(?<!\d)\.\d{3}\b", page("README.md"))
    assert figures
    assert set(figures) <= set(re.findall(r"(?<!\d)\.\d{3}\b", page("quality.md")))
