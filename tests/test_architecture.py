"""The layers of the code: imports only point down, modules stay short, and the web process loads no model library."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from searchsite.local_site import PROJECT

# From top to bottom. A package may import itself and those after it. Those at the bottom may not import each other.
FLOORS = ("searchsite", "dashboard", "workers", "recommender", "catalog")
BOTTOM = ("catalog.embedding", "catalog.ranking", "catalog.outgoing")
# The one that the others at the bottom may import.
GROUND = "catalog.outgoing"
MOST_LINES = 300
MOST_LOOSE_MODULES = 15
HEAVY = ("torch", "transformers", "sentence_transformers", "openvino", "onnxruntime", "scipy")
MODULES = [path for package in FLOORS for path in sorted((PROJECT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """Every module or name imported anywhere in a file, including in functions and under TYPE_CHECKING."""
    package = name_of(path).rpartition(".")[0] if path.name != "__init__.py" else name_of(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def floor(name: str) -> int | None:
    return next((number for number, package in enumerate(FLOORS) if is_in(name, package)), None)


def ids(paths: list[Path]) -> list[str]:
    return [name_of(path) for path in paths]


@pytest.mark.parametrize("path", MODULES, ids=ids(MODULES))
def test_imports_point_down(path: Path):
    own = floor(name_of(path))
    assert own is not None
    up = [name for name in imports(path) if (other := floor(name)) is not None and other < own]
    assert up == []


BOTTOM_MODULES = [path for path in MODULES if any(is_in(name_of(path), package) for package in BOTTOM)]


@pytest.mark.parametrize("path", BOTTOM_MODULES, ids=ids(BOTTOM_MODULES))
def test_the_bottom_knows_no_models_and_no_django(path: Path):
    own = next(package for package in BOTTOM if is_in(name_of(path), package))
    outside = [
        name
        for name in imports(path)
        if is_in(name, "django") or (floor(name) is not None and not is_in(name, own) and not is_in(name, GROUND))
    ]
    assert outside == []


def room_of(name: str) -> str:
    """A folder of an app, with everything in it, or a module beside these folders."""
    return ".".join(name.split(".")[:2])


def circle_among(names: dict[str, str]) -> list[str]:
    """A cycle of imports among modules by their names, each importing the one before it."""
    imported: dict[str, set[str]] = {}
    for path in MODULES:
        if (own := names.get(name_of(path))) is None:
            continue
        for name in imports(path):
            other = names.get(name) or names.get(name.rpartition(".")[0])
            if other is not None and other != own:
                imported.setdefault(own, set()).add(other)
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def modules_of(package: str) -> list[str]:
    return [name for name in map(name_of, MODULES) if is_in(name, package) and "migrations" not in name]


@pytest.mark.parametrize("package", FLOORS[1:])
def test_no_imports_among_modules_go_in_a_circle(package: str):
    assert circle_among({name: name for name in modules_of(package)}) == []


def test_no_imports_among_rooms_of_the_catalogue_go_in_a_circle():
    assert circle_among({name: room_of(name) for name in modules_of("catalog")}) == []


def test_few_modules_of_the_catalogue_lie_beside_its_folders():
    assert len(list((PROJECT / "catalog").glob("*.py"))) <= MOST_LOOSE_MODULES


@pytest.mark.parametrize("path", MODULES, ids=ids(MODULES))
def test_no_module_is_about_two_subjects(path: Path):
    # The settings are deliberately one file.
    if "migrations" not in path.parts and path.name != "settings.py":
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("module", ["searchsite.urls", "workers.tasks"])
def test_importing_the_site_loads_no_library_of_models(module: str):
    code = (
        "import django, importlib, sys; django.setup(); "
        f"importlib.import_module({module!r}); print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "searchsite.settings"}
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "[]"


def test_the_reader_of_imports_sees_them_wherever_they_are():
    sample = PROJECT / "catalog" / "embedding" / "engine" / "checkpoint.py"
    found = list(imports(sample))
    assert "sentence_transformers.SentenceTransformer" in found  # in a function, and under TYPE_CHECKING
    assert "catalog.embedding.models.local_files" in found
