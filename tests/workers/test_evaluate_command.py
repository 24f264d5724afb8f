"""`manage.py evaluate search` measures a settled site: embedded, and with its index measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from catalog.tuning.ef_search import EF_SEARCH_TRIED, EXACT_UP_TO_NUMBERS
from tests.checkpoints import write_checkpoint
from tests.collections import TEXTS, write_collection
from tests.databases import committed_db, template_database

__all__ = ["committed_db", "template_database"]


@pytest.fixture
def collection(tmp_path: Path, settings) -> Path:
    settings.ENCODER_MODEL = str(write_checkpoint(tmp_path / "model"))
    return write_collection(tmp_path / "tiny")


@pytest.mark.parametrize(
    ("exact_up_to", "searched_exactly", "ef_search"),
    [(EXACT_UP_TO_NUMBERS, True, None), (0, False, EF_SEARCH_TRIED[0])],
    ids=["exactly", "by the graph"],
)
def test_search_is_evaluated_on_an_index_that_has_been_measured(
    committed_db, collection, monkeypatch, capsys, exact_up_to, searched_exactly, ef_search
):
    monkeypatch.setattr("catalog.tuning.ef_search.EXACT_UP_TO_NUMBERS", exact_up_to)
    call_command("evaluate", "search", str(collection), "--json")
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    loss = figures["storage_loss"]
    assert figures["queries"] == len(TEXTS)
    assert (loss["searched_exactly"], loss["ef_search"]) == (searched_exactly, ef_search)
    assert loss["loss"] == 0


def test_baselines_are_measured_on_the_same_queries_and_compared(committed_db, collection, capsys):
    call_command("evaluate", "search", str(collection), "--baselines", "--json")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [row["method"] for row in rows] == ["serving", "bm25", "dense", "rrf"]
    assert {row["queries"] for row in rows} == {len(TEXTS)}
    served = rows[0]["ndcg@10"]
    for row in rows[1:]:
        assert row["behind_serving"]["mean"] == pytest.approx(served - row["ndcg@10"], abs=2e-4)
