"""A backup by pg_dump restored into another database: the index is intact, and searches answer as before."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from catalog.index.versions import ensure_active_version
from catalog.models import Item
from catalog.search import SearchQuery, search
from searchsite.embedded.account import Account
from searchsite.embedded.programs import programs_for
from tests.databases import committed_db, database, template_database
from tests.factories import make_item, make_items
from workers.embed import drain
from workers.scratch import using

__all__ = ["committed_db", "template_database"]


def run(program: str, *arguments: str) -> None:
    path = programs_for(Account.for_services()).postgres_bin / program
    finished = subprocess.run([path, *arguments], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


def url(name: str) -> str:
    return os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"


def answers() -> list[tuple[str, Any]]:
    results = search(SearchQuery(text="storm at sea"))
    assert not results.degraded
    return [(hit.item.external_id, pytest.approx(hit.score, abs=1e-4)) for hit in results.hits]


def test_a_restored_backup_is_clean_and_answers_as_before(
    committed_db: str, checkpoint: Path, settings, tmp_path: Path, django_db_blocker
):
    settings.ENCODER_MODEL = str(checkpoint)
    ensure_active_version()
    make_items(
        [{"external_id": f"{n}", "title": f"The ship {n} in the storm", "language": "en"} for n in range(40)]
        + [{"external_id": "wal", "title": "Der Wal über dem Meer", "language": "de", "attributes": {"year": 1999}}]
    )
    drain()
    before = answers()
    assert before
    run("pg_dump", "--format=custom", f"--file={tmp_path / 'backup'}", url(committed_db))
    with database(django_db_blocker, template="template0") as restored:
        run("pg_restore", "--exit-on-error", f"--dbname={url(restored)}", str(tmp_path / "backup"))
        with using(restored):
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
            call_command("verify_index")
            assert answers() == before
            make_item("new", "Another ship")
            drain()
            call_command("verify_index")
            assert Item.objects.count() == 42
