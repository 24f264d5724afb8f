"""Comparisons and adaptations as a worker performs them, and the commands."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from catalog.adaptation.adapting import AdaptationPlan
from catalog.database.locks import session_lock
from catalog.embedding.base import EncoderSpec
from catalog.models import EncoderAdaptation, EncoderComparison, ReindexRun
from tests.catalog.adaptation.tasks import FAST, made_up_collection
from tests.catalog.judged.encoders import collection_of, write_collection
from tests.checkpoints import write_checkpoint
from tests.databases import command_on, connect, elsewhere
from tests.factories import make_items, make_set, make_version
from tests.waiting import wait_until
from workers import encoder_jobs, tasks
from workers.encoder_jobs import start_adaptation, start_comparison, waiting, work

PAIRS = Path(__file__).with_name("pairs.csv")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("models") / "small", seed=5)


@pytest.fixture
def catalogue(db: None, small: Path) -> None:
    make_version(backend="transformer", model=str(small), dimensions=32, document_template="{{ title }}")
    texts = ["storm", "robot", "ghost", "train", "island"]
    rows = [
        {"external_id": f"i{number}", "title": f"The {texts[number % 5]} {number}", "body": f"A {texts[number % 5]}."}
        for number in range(25)
    ]
    make_items(rows)


@pytest.mark.usefixtures("catalogue")
def test_a_comparison_is_measured_on_the_catalogue_and_kept(small):
    comparison = start_comparison(EncoderSpec(model=str(small), dimensions=8))
    assert waiting()
    tasks.work_on_encoders()
    comparison.refresh_from_db()
    assert (comparison.state, comparison.message, comparison.attempts) == ("done", "", 1)
    assert comparison.finished_at is not None
    figures = comparison.figures
    assert (figures["source"], figures["documents"]) == ("titles", 25)
    assert [row["dimensions"] for row in figures["rows"]] == [32, 8]
    assert not waiting()


@pytest.mark.usefixtures("catalogue")
def test_a_job_that_cannot_be_done_fails_with_its_reason_and_the_next_is_done(small):
    impossible = start_comparison(EncoderSpec(backend="none", model="x"))
    adaptation = start_adaptation()
    possible = start_comparison(EncoderSpec(model=str(small)))
    work()
    for job in (impossible, adaptation, possible):
        job.refresh_from_db()
    assert (impossible.state, possible.state) == ("failed", "done")
    assert "no encoder backend" in impossible.message
    assert adaptation.state == "failed"
    assert adaptation.message.endswith("There are 0 judged queries and 0 queries with opened results.")


@pytest.mark.usefixtures("catalogue")
def test_a_job_that_kills_workers_is_given_up():
    comparison = start_comparison(EncoderSpec(model="x"))
    EncoderComparison.objects.update(state="running", attempts=3)
    work()
    comparison.refresh_from_db()
    assert (comparison.state, comparison.message) == ("failed", "The worker stopped before finishing 3 times.")


def test_an_empty_catalogue_has_nothing_to_compare_by(db, small):
    with pytest.raises(encoder_jobs.NothingToCompare):
        start_comparison(EncoderSpec(model="x"))
    make_version(backend="transformer", model=str(small), dimensions=32)
    comparison = start_comparison(EncoderSpec(model=str(small)))
    work()
    comparison.refresh_from_db()
    assert comparison.message == "There is no index yet, or nothing in the catalogue to compare encoders with."


def test_one_worker_at_a_time_is_at_it(committed_db, small):
    make_version(backend="transformer", model=str(small), dimensions=32)
    comparison = start_comparison(EncoderSpec(model=str(small)))
    with connect() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [encoder_jobs.LOCK])
        work()
        comparison.refresh_from_db()
        assert (comparison.state, comparison.attempts) == ("waiting", 0)
        other.execute(
            "SELECT pg_advisory_unlock(%s)", [encoder_jobs.LOCK]
        )  # closing a connection releases the lock only some time later
    work()
    comparison.refresh_from_db()
    assert comparison.state == "failed"
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert cursor.fetchone() == (0,)


def make_judged_catalogue(small: Path) -> None:
    """The made-up collection as a site's items and judgements."""
    collection = made_up_collection()
    make_version(backend="transformer", model=str(small), dimensions=32, document_template="{{ body }}")
    ids = make_items([{"external_id": key, "body": text} for key, text in collection.documents.items()])
    make_set("Made up", {query: {ids[query]: 1} for query in collection.queries})


def test_the_serving_encoder_learns_from_judged_queries_and_is_offered(db, small, settings, tmp_path, monkeypatch):
    settings.ENCODERS_DIR = tmp_path / "encoders"
    make_judged_catalogue(small)
    monkeypatch.setattr(encoder_jobs, "PLAN", AdaptationPlan(held_out=0.4, training=FAST))
    adaptation = start_adaptation()
    work()
    adaptation.refresh_from_db()
    assert adaptation.state == "done", adaptation.message
    assert adaptation.offered
    assert adaptation.folder == str(tmp_path / "encoders" / f"small-adapted-{adaptation.pk}")
    assert adaptation.figures["gain"]["low"] > 0
    run = encoder_jobs.start_reindex_with(adaptation)
    assert run.version.model == adaptation.folder
    assert run.version.document_template == "{{ body }}"


def test_the_command_adapts_to_a_collection_and_says_what_it_gained(db, small, settings, tmp_path, capsys):
    settings.ENCODERS_DIR = tmp_path / "encoders"
    folder = write_collection(tmp_path / "tiny", made_up_collection())
    options = ["--held-out", "0.4", "--epochs", "1", "--learning-rate", "1e-9", "--json"]
    call_command("finetune", "--collection", str(folder), "--model", str(small), *options)
    said, verdict, figures = capsys.readouterr().out.strip().splitlines()
    assert said.startswith("nDCG@10 of 26 held-out queries: ")
    assert verdict.endswith("the old encoder is kept.")
    assert json.loads(figures)["queries"]["held_out"] == 26
    record = EncoderAdaptation.objects.get()
    assert (record.state, record.offered, record.folder) == ("done", False, "")
    assert not list((tmp_path / "encoders").iterdir())
    assert not ReindexRun.objects.exists()


def test_the_command_says_what_is_missing(db, small, tmp_path):
    with pytest.raises(CommandError, match="At least 30 judged queries"):
        call_command("finetune")
    few = write_collection(tmp_path / "few", collection_of({"d": "x"}, {"q": "y"}, {"q": {"d": 1.0}}))
    with pytest.raises(CommandError, match="known for only 1 queries"):
        call_command("finetune", "--collection", str(few), "--model", str(small))
    with pytest.raises(CommandError, match="between 0 and 1"):
        call_command("finetune", "--held-out", "1")
    assert not EncoderAdaptation.objects.exists()


def test_the_command_waits_for_no_worker_and_lets_none_take_its_job(committed_db, small, tmp_path, monkeypatch):
    folder = write_collection(tmp_path / "tiny", made_up_collection())
    arguments = ["finetune", "--collection", str(folder), "--model", str(small)]

    with session_lock(encoder_jobs.LOCK), pytest.raises(CommandError, match="being compared or adapted"):
        elsewhere(lambda: call_command(*arguments))
    taken = []

    def adapting(job, *arguments, **options):
        elsewhere(encoder_jobs.work)
        job.refresh_from_db()
        taken.append(job.attempts)
        raise ValueError("Far enough.")

    monkeypatch.setattr("workers.management.commands.finetune.adapt", adapting)
    with pytest.raises(CommandError, match="Far enough"):
        call_command(*arguments)
    assert taken == [0]


def test_the_job_of_a_killed_command_has_failed_and_is_not_done_again(committed_db, small, tmp_path):
    folder = write_collection(tmp_path / "tiny", made_up_collection())
    killed = command_on(committed_db, "finetune", "--collection", str(folder), "--model", str(small))
    unfinished = EncoderAdaptation.objects.unfinished()
    wait_until(unfinished.exists, timeout_s=120, what="the command to begin")
    killed.kill()
    killed.communicate()

    def ended() -> bool:  # the database notices some time later that the command is gone
        work()
        return not unfinished.exists()

    wait_until(ended, timeout_s=20, what="the sweep to end the job")
    adaptation = EncoderAdaptation.objects.get()
    assert (adaptation.state, adaptation.attempts) == ("failed", 0)
    assert adaptation.message == "The command was stopped before it had finished."
    assert adaptation.finished_at is not None


def test_encoders_are_evaluated_side_by_side(small, tmp_path, capsys):
    tiny = collection_of({"d1": "a ship", "d2": "a robot"}, {"q": "ship"}, {"q": {"d1": 1.0}})
    folder = write_collection(tmp_path / "tiny", tiny)
    second = ["--against", str(small), "--against-dimensions", "8", "--pairs", str(PAIRS), "--json"]
    call_command("evaluate", "encoder", str(folder), "--model", str(small), *second)
    printed = capsys.readouterr().out
    first, second_row = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert (first["collection"], first["dimensions"], second_row["dimensions"]) == ("tiny", 32, 8)
    assert first["spearman"] != second_row["spearman"]
    assert "ndcg@10" in printed
    assert "texts_per_s_ratio" in printed


def test_the_real_model_puts_pairs_in_nearly_the_order_that_people_do(capsys):
    call_command("evaluate", "encoder", "--pairs", str(PAIRS), "--json")
    row = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert row["model"] == "all-MiniLM-L6-v2"
    assert row["spearman"] > 0.8


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["encoder"], "Give a judged collection"),
        (["search"], "Give the folder: evaluate search PATH"),
        (["encoder", "--pairs", "/nowhere.csv"], "No such file"),
        (["encoder", "/nowhere"], "No such file"),
    ],
)
def test_what_cannot_be_evaluated_is_said(arguments, reason):
    with pytest.raises(CommandError, match=reason):
        call_command("evaluate", *arguments)


def test_a_specification_comes_back_from_its_record():
    spec = EncoderSpec(model="x", dimensions=8, query_prompt="query: ")
    assert EncoderComparison(base=asdict(spec), candidate=asdict(EncoderSpec())).base_spec == spec
