"""Rows of any size are read in bounded memory: a separate process is watched while it loads a hostile file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from catalog.models import Item

MEGABYTE = 1024 * 1024
GIGABYTE = 1024 * MEGABYTE
PROJECT = Path(__file__).resolve().parents[3]
SMALL = {
    ".ndjson": '{"id": "s", "title": "S"}\n',
    ".json": '[{"id": "s", "title": "S"}]',
    ".csv": "id,title\ns,S\n",
}
LOAD = """
import sys, django
django.setup()
from benchmarks.parts.memory import peak_memory_bytes
from catalog.importing import run_for_file, run_import
def load(path):
    run = run_for_file(__import__("pathlib").Path(path), kind="items", mapping={})
    run_import(run)
    return run
small, large = sys.argv[1:]
load(small)
before = peak_memory_bytes()
run = load(large)
after = peak_memory_bytes()
print((after - before) // 2**20, run.created, run.rejected, run.message or run.problems)
"""


def write_hole(file: Path, before: str, after: str, *, size_bytes: int) -> None:
    """A file with a row of this size that takes no disk space: most of it is a hole."""
    with file.open("wb") as target:
        target.write(before.encode())
        target.seek(size_bytes, os.SEEK_CUR)
        target.write(after.encode())


@pytest.mark.parametrize(
    ("name", "before", "after", "reason"),
    [
        ("a.ndjson", '{"id": "big", "title": "', '"}\n{"id": "good", "title": "Good"}\n', "longer than"),
        ("a.json", '[{"id": "good", "title": "Good"}, {"id": "big", "title": "', '"}]', "longer than"),
        ("a.csv", 'id,title\ngood,Good\nbig,"', '"\n', "longer than"),
    ],
)
def test_a_row_of_a_gigabyte_is_refused_in_bounded_memory(committed_db, tmp_path: Path, name, before, after, reason):
    small = tmp_path / f"small{Path(name).suffix}"
    small.write_text(SMALL[small.suffix])
    large = tmp_path / name
    write_hole(large, before + "x" * 8_192, after, size_bytes=GIGABYTE)
    parameters = connection.settings_dict
    address = f"postgres://{parameters['USER']}:{parameters['PASSWORD']}@{parameters['HOST']}:{parameters['PORT']}"
    finished = subprocess.run(
        [sys.executable, "-c", LOAD, str(small), str(large)],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": f"{address}/{committed_db}", "DJANGO_SETTINGS_MODULE": "searchsite.settings"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    grown_megabytes, created, *rest = finished.stdout.split(maxsplit=3)
    assert int(grown_megabytes) < 100, finished.stdout
    assert created == "1", finished.stdout
    assert reason in " ".join(rest)
    assert set(Item.objects.values_list("external_id", flat=True)) == {"s", "good"}
