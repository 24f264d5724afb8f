"""`manage.py verify_index`: it finds everything that can be wrong with an index, and repairs it on request."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from catalog.index.verification import verify_index
from catalog.index.versions import ensure_active_version
from catalog.models import IndexVersion, ReindexRun
from tests.checkpoints import write_checkpoint
from tests.factories import make_item, make_items, make_version
from workers.embed import drain


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture
def version(db, settings, model: Path) -> IndexVersion:
    settings.ENCODER_MODEL = str(model)
    version = ensure_active_version()
    make_items([ship(name) for name in "abc"])
    make_item("draft", published=False)
    drain()
    return version


def ship(name: str) -> dict[str, object]:
    return {"external_id": name, "title": f"The ship {name} in the storm", "attributes": {"year": 1990}}


def wrong() -> dict[str, int]:
    return {finding.what: finding.count for finding in verify_index() if finding.is_wrong}


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_whole_index_is_clean(version, capsys):
    call_command("verify_index")
    printed = " ".join(capsys.readouterr().out.split())
    assert f"│ v{version.pk} │ passages │ 3 │" in printed
    assert "wrong │ │" not in printed.replace("words counted wrong", "")


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM catalog_passage WHERE item_id = {a}", {"items done without passages": 1}),
        (
            "DELETE FROM catalog_embeddingstate WHERE item_id = {a}",
            {"items without a ledger row": 1, "orphaned passages": 1},
        ),
        (
            "INSERT INTO catalog_passage SELECT version_id, 999, 0, 0, 1, embedding FROM catalog_passage LIMIT 1",
            {"orphaned passages": 1},
        ),
        (
            "UPDATE catalog_embeddingstate SET item_id = 999 WHERE item_id = {a}",
            {
                "items without a ledger row": 1,
                "ledger rows of no item": 1,
                "orphaned passages": 1,
                "items done without passages": 1,
            },
        ),
        ("DROP INDEX catalog_passage_v{version}_hnsw", {"graphs missing": 1}),
        (
            "DELETE FROM catalog_posting WHERE item_id = {a}",
            {"items whose words are not as indexed": 1, "words counted wrongly": 2},
        ),
        ("UPDATE catalog_posting SET frequency = 9 WHERE item_id = {a}", {"items whose words are not as indexed": 1}),
        ("TRUNCATE catalog_termcount, catalog_termdelta", {"words counted wrongly": 4}),
        ("DELETE FROM catalog_fact WHERE item_id = {a}", {"items whose values are not as indexed": 1}),
        (
            "INSERT INTO catalog_fact SELECT * FROM catalog_fact WHERE item_id = {a}",
            {"items whose values are not as indexed": 1},
        ),
        ("DROP TABLE catalog_passage_v{version}", {"partitions missing": 1}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_and_mended(version, damage, found):
    item = make_items([ship("a")])["a"]
    execute(damage.format(a=item, version=version.pk))
    assert wrong() == found
    with pytest.raises(CommandError, match=f"Problems found: {len(found)}"):
        call_command("verify_index")
    call_command("verify_index", "--repair")
    drain()
    assert wrong() == {}
    call_command("verify_index")


def test_vectors_of_another_length_are_made_anew(committed_db, settings, model):
    settings.ENCODER_MODEL = str(model)
    version = ensure_active_version()
    item = make_item("a", "The ship in the storm")
    drain()
    execute(f"DROP INDEX catalog_passage_v{version.pk}_hnsw")
    execute(f"UPDATE catalog_passage SET embedding = '[1,2]' WHERE item_id = {item.pk}")
    assert wrong() == {"graphs missing": 1, "items with vectors of other than 32 dimensions": 1}
    call_command("verify_index", "--repair")
    assert drain() == 1
    call_command("verify_index")


def test_items_without_an_active_version_are_wrong_and_an_empty_site_is_not(db):
    assert wrong() == {}
    make_version(state="ready")
    make_item("a")
    assert wrong() == {"active versions": 0}


def test_a_graph_that_a_run_is_yet_to_build_is_not_missed(version):
    building = make_version(state="building", dimensions=3)
    execute(f"DROP INDEX catalog_passage_v{building.pk}_hnsw")
    ReindexRun.objects.create(version=building)
    assert "graphs missing" not in wrong()
