"""What `manage.py evaluate search` measures is a site that has settled: embedded, and its index measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from catalog import tuning
from tests.checkpoints import write_checkpoint
from tests.databases import committed_db, template_database

__all__ = ["committed_db", "template_database"]

TEXTS = ["The ghost of the harbour", "A dog in the rain", "The ship in the storm", "Night train", "The night of love"]


@pytest.fixture
def collection(tmp_path: Path, settings) -> Path:
    """Each query is the text of the one document that is relevant to it."""
    settings.ENCODER_MODEL = str(write_checkpoint(tmp_path / "model"))
    folder = tmp_path / "tiny"
    folder.mkdir()
    rows = [{"_id": f"{number}", "text": text} for number, text in enumerate(TEXTS)]
    for name in ("corpus", "queries"):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(f"{n}\t{n}\t1\n" for n in range(5)))
    return folder


@pytest.mark.parametrize(
    ("exact_up_to", "searched_exactly", "ef_search"),
    [(tuning.EXACT_UP_TO_NUMBERS, True, None), (0, False, tuning.EF_SEARCH_TRIED[0])],
    ids=["exactly", "by the graph"],
)
def test_search_is_evaluated_on_an_index_that_has_been_measured(
    committed_db, collection, monkeypatch, capsys, exact_up_to, searched_exactly, ef_search
):
    monkeypatch.setattr(tuning, "EXACT_UP_TO_NUMBERS", exact_up_to)
    call_command("evaluate", "search", str(collection), "--json")
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    loss = figures["storage_loss"]
    assert figures["queries"] == len(TEXTS)
    assert (loss["searched_exactly"], loss["ef_search"]) == (searched_exactly, ef_search)
    assert loss["loss"] == 0
