"""Where `make run` gets its catalogue, and the commands that load it."""

from __future__ import annotations

from pathlib import Path

from searchsite import processes

_MAPPINGS = Path(__file__).resolve().parent.parent / "docs" / "mappings"
_ITEM_FILES = ("items.jsonl", "items.ndjson", "items.json", "items.csv")
_INTERACTION_FILES = ("interactions.csv", "interactions.jsonl", "interactions.ndjson", "interactions.json")


class CatalogueMissing(Exception):
    """The requested catalogue does not exist."""


def load_commands(catalogue: Path | None, *, mapping: Path | None = None) -> list[list[str]]:
    """Return the commands that load `catalogue`, in order. None is the bundled demo.

    A catalogue is a file of items, or a folder with items and optionally interactions. The field mapping is `mapping`
    if given, else `mapping.toml` beside the items, else the project's own mapping for a folder of that name.
    Raises CatalogueMissing.
    """
    if catalogue is None:
        return [processes.manage("load_demo")]
    catalogue = catalogue.resolve()
    folder = catalogue if catalogue.is_dir() else catalogue.parent
    items = _first_of(folder, _ITEM_FILES) if catalogue.is_dir() else catalogue
    if items is None or not items.is_file():
        raise CatalogueMissing(f"CATALOG={catalogue}: no such file, or a folder without {' or '.join(_ITEM_FILES)}.")
    if mapping is not None and not mapping.is_file():
        raise CatalogueMissing(f"MAPPING={mapping}: no such file.")
    known = (mapping, folder / "mapping.toml", _MAPPINGS / f"{folder.name}.toml")
    found = next((path.resolve() for path in known if path is not None and path.is_file()), None)
    options = [] if found is None else ["--mapping", str(found)]
    commands = [processes.manage("load_demo", "--staff-only")]
    commands += [processes.manage("import_items", str(items), *options)]
    interactions = _first_of(folder, _INTERACTION_FILES) if catalogue.is_dir() else None
    if interactions is not None:
        commands += [processes.manage("import_interactions", str(interactions), *options)]
    return commands


def _first_of(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)
