from __future__ import annotations

from pathlib import Path

import pytest

from searchsite.catalogue_source import CatalogueMissing, load_commands


def arguments(commands: list[list[str]]) -> list[list[str]]:
    """The arguments after `python manage.py` in each command."""
    return [argv[2:] for argv in commands]


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_without_a_catalogue_the_demo_is_loaded() -> None:
    assert arguments(load_commands(None)) == [["load_demo"]]


def test_a_folder_is_its_items_then_its_interactions_after_the_member_of_staff(tmp_path: Path) -> None:
    items, interactions = touch(tmp_path / "items.jsonl"), touch(tmp_path / "interactions.csv")
    assert arguments(load_commands(tmp_path)) == [
        ["load_demo", "--staff-only"],
        ["import_items", str(items)],
        ["import_interactions", str(interactions)],
    ]


def test_a_single_file_is_items_only(tmp_path: Path) -> None:
    books = touch(tmp_path / "books.csv")
    touch(tmp_path / "interactions.csv")
    assert arguments(load_commands(books))[1:] == [["import_items", str(books)]]


def test_a_mapping_beside_the_items_is_used_unless_another_is_named(tmp_path: Path) -> None:
    items, beside, named = (touch(tmp_path / name) for name in ("items.csv", "mapping.toml", "mine.toml"))
    assert arguments(load_commands(tmp_path))[1] == ["import_items", str(items), "--mapping", str(beside)]
    assert arguments(load_commands(tmp_path, mapping=named))[1] == ["import_items", str(items), "--mapping", str(named)]


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_catalogue_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CatalogueMissing, match=f"{name}: no such file, or a folder without"):
        load_commands(tmp_path / name)
