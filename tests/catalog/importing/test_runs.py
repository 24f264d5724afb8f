"""Whole import runs: valid rows kept, invalid ones reported, killed runs resumed."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from catalog.importing import accept_upload, run_for_file, run_import, runs
from catalog.models import Attribute, ImportRun, Item
from tests.databases import command_on
from tests.full_disk import no_room_in
from tests.waiting import wait_until

MANY = 12_000


def load(path: Path, mapping: dict | None = None) -> ImportRun:
    run = run_for_file(path, kind="items", mapping=mapping or {})
    run_import(run)
    run.refresh_from_db()
    return run


def figures(run: ImportRun) -> tuple[int, int, int, int]:
    return run.created, run.updated, run.unchanged, run.rejected


@pytest.fixture
def write(tmp_path: Path):
    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", '\ufeffid;title;year;tags\n1;One;1990;"[""a"", ""b""]"\n2;Two;;\n'),
        ("x.ndjson", '{"id": 1, "title": "One", "year": 1990, "tags": ["a", "b"]}\n{"id": 2, "title": "Two"}\n'),
        ("x.json", '[{"id": "1", "title": "One", "year": 1990, "tags": ["a", "b"]}, {"id": "2", "title": "Two"}]'),
    ],
)
def test_a_file_of_any_format_becomes_the_same_items_and_a_second_time_changes_nothing(write, name, content):
    path = write(name, content)
    run = load(path)
    assert (run.state, figures(run), run.position) == ("done", (2, 0, 0, 0), 2)
    assert run.read_bytes == run.size_bytes == path.stat().st_size
    one = Item.objects.get(external_id="1")
    assert (one.title, one.attributes) == ("One", {"year": 1990, "tags": ["a", "b"]})
    assert Item.objects.get(external_id="2").attributes == {}
    again = load(path)
    assert again.pk != run.pk
    assert figures(again) == (0, 0, 2, 0)


@pytest.mark.django_db
def test_bad_rows_are_told_with_their_line_and_the_good_ones_kept(write):
    path = write(
        "x.ndjson",
        b'{"id": 1, "title": "Good", "year": 1990}\n'
        b'{"id": 2}\n'
        b"not json\n"
        b'{"id": ["a"], "title": "A list for an id"}\n'
        b'{"id": 3, "title": "Caf\xe9"}\n'
        b'{"id": 4, "title": "Four", "year": "old"}\n'
        b'{"id": 5, "title": "Nested", "more": {"a": 1}}\n'
        b'{"id": 6, "title": "\\ud800"}\n'
        b'{"id": 7, "title": "\\u0000"}\n'
        b'{"id": 8, "title": "Good too"}\n',
    )
    run = load(path)
    assert run.state == "done"
    assert figures(run) == (2, 0, 0, 8)
    reasons = {problem["line"]: problem["reason"] for problem in run.problems}
    assert set(reasons) == {2, 3, 4, 5, 6, 7, 8, 9}
    assert reasons[2] == "title: This field is required."
    assert reasons[4] == "external_id: Text is expected."
    assert "UTF-8" in reasons[5]
    assert reasons[6] == "attributes: year: A number is expected, as in earlier items."
    assert reasons[7].startswith("attributes.more")
    assert set(Item.objects.values_list("external_id", flat=True)) == {"1", "8"}


@pytest.mark.django_db
def test_problems_stand_in_the_order_of_their_lines(write):
    run = load(write("x.csv", "id,title\n1,\n2\n3,\n4,x,y\n5,Good\n"))
    assert [problem["line"] for problem in run.problems] == [2, 3, 4, 5]


@pytest.mark.django_db
def test_a_later_row_of_the_same_item_replaces_the_earlier_one(write):
    run = load(write("x.csv", "id,title\na,First\nb,B\n a ,Second\na,Third\n"))
    assert figures(run) == (2, 2, 0, 0)
    assert Item.objects.get(external_id="a").title == "Third"


@pytest.mark.django_db
def test_formulas_are_kept_as_text(write):
    load(write("x.csv", "id,title,body,note\n1,=cmd(),'=2+3,-5 or so\n"))
    item = Item.objects.get()
    assert (item.title, item.body, item.attributes) == ("=cmd()", "=2+3", {"note": "-5 or so"})


@pytest.mark.django_db
def test_a_mapping_and_its_kinds_are_followed(write):
    path = write("x.csv", "code,label,model,cats\nx,Chair,1234,a|b\n")
    mapping = {
        "fields": {"external_id": "code", "title": "label"},
        "attributes": {"model": "model", "cats": {"from": "cats", "split": "|"}},
        "kinds": {"model": "text"},
    }
    assert load(path, mapping).created == 1
    assert Item.objects.get().attributes == {"model": "1234", "cats": ["a", "b"]}
    assert Attribute.objects.get(name="model").kind == "text"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content", "message", "created"),
    [
        ("x.csv", b"", "empty", 0),
        ("x.csv", gzip.compress(b"id,title\n1,x\n"), "compressed", 0),
        ("x.csv", "id,title\n1,x\n".encode("utf-16"), "UTF-16", 0),
        ("x.csv", b"id,id\n1,x\n", "Two columns", 0),
        ("x.csv", b"id,title\n1,\n2,\n", "No row could be loaded", 0),
        ("x.csv", b"Nr,Title\n1,x\n", "looked up as external_id or id or sku. The file has Nr, Title.", 0),
        ("x.ndjson", b'{"id": 1, "label": "x"}\n', "looked up as title or name. The file has id, label.", 0),
        ("x.json", b'[{"id": 1, "title": "x"}, {"id": 2, "ti', "Line 1", 1),
        ("x.json", b'[{"id": 1, "title": "x"},\n {"id": 2, "title": \n}]', "Line 2", 1),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_its_reason_and_keeps_what_came_before(
    write, name, content, message, created
):
    run = load(write(name, content))
    assert run.state == "failed"
    assert message in run.message
    assert Item.objects.count() == created
    assert run.finished_at is not None


@pytest.mark.django_db
def test_a_mapping_to_a_column_that_is_not_there_says_so(write):
    run = load(write("x.csv", "id,Title\n1,x\n"), {"fields": {"title": "Titel"}})
    assert run.message.startswith("No row has the field title, looked up as Titel. The file has id, Title.")


@pytest.mark.django_db
def test_a_header_alone_loads_nothing_and_is_no_failure(write):
    run = load(write("x.csv", "id,title\n"))
    assert (run.state, figures(run)) == ("done", (0, 0, 0, 0))


@pytest.mark.django_db
def test_only_the_first_problems_are_kept_and_all_are_counted(write, monkeypatch):
    monkeypatch.setattr(runs, "PROBLEMS_KEPT", 3)
    monkeypatch.setattr(runs, "BATCH_ROWS", 2)
    run = load(write("x.csv", "id,title\n" + "x,\n" * 9 + "y,Good\n"))
    assert run.rejected == 9
    assert [problem["line"] for problem in run.problems] == [2, 3, 4]


@pytest.mark.django_db
def test_batches_are_bounded_in_bytes_too(write, monkeypatch):
    monkeypatch.setattr(runs, "BATCH_BYTES", 1_000)
    seen = []
    path = write("x.csv", "id,title,body\n" + "".join(f"{n},T,{'x' * 400}\n" for n in range(9)))
    run = run_for_file(path, kind="items", mapping={})
    run_import(run, report=lambda run: seen.append(run.position))
    assert seen == sorted(seen)
    assert len(set(seen)) == 3


@pytest.mark.django_db
def test_a_file_that_is_gone_fails(write):
    path = write("x.csv", "id,title\n1,x\n")
    run = run_for_file(path, kind="items", mapping={})
    path.unlink()
    run_import(run)
    run.refresh_from_db()
    assert run.state == "failed"
    assert "No such file" in run.message


def many_rows(count: int = MANY) -> Iterator[str]:
    yield "id,title,body,number\n"
    for number in range(count):
        yield f"{number},Title {number},Some body text of item {number},{number % 7}\n"


def position() -> int:
    return max(ImportRun.objects.values_list("position", flat=True), default=0)


def test_a_killed_run_goes_on_where_it_stopped_with_nothing_lost_and_nothing_twice(committed_db, write):
    path = write("x.csv", "".join(many_rows()))
    killed = command_on(committed_db, "import_items", str(path))
    wait_until(lambda: position() >= 1_000, timeout_s=120, what="the first batch")
    killed.kill()
    killed.communicate()
    run = ImportRun.objects.get()
    assert run.state == "running"
    assert 0 < run.position < MANY
    assert Item.objects.count() == run.position

    second = command_on(committed_db, "import_items", str(path))
    output, _ = second.communicate(timeout=300)
    assert second.returncode == 0, output
    run.refresh_from_db()
    assert (run.state, run.position) == ("done", MANY)
    assert figures(run) == (MANY, 0, 0, 0)
    assert Item.objects.count() == MANY

    third = load(path)
    assert figures(third) == (0, 0, MANY, 0)
    assert ImportRun.objects.count() == 2


@pytest.mark.usefixtures("committed_db")
def test_of_two_processes_on_one_run_each_row_is_loaded_by_one(write, monkeypatch):
    monkeypatch.setattr(runs, "BATCH_ROWS", 50)
    path = write("x.csv", "".join(many_rows(1_000)))
    run = run_for_file(path, kind="items", mapping={})

    def work(_: int) -> None:
        try:
            run_import(ImportRun.objects.get(pk=run.pk))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(work, range(3)))
    run.refresh_from_db()
    assert (run.state, run.position, figures(run)) == ("done", 1_000, (1_000, 0, 0, 0))


@pytest.mark.usefixtures("committed_db")
def test_a_database_that_goes_away_leaves_the_run_to_be_taken_up_again(write, monkeypatch):
    monkeypatch.setattr(runs, "BATCH_ROWS", 100)
    path = write("x.csv", "".join(many_rows(1_000)))
    run = run_for_file(path, kind="items", mapping={})

    def cut_off(run: ImportRun) -> None:
        if run.position == 300:
            connection.connection.close()

    with pytest.raises(OperationalError):
        run_import(run, report=cut_off)
    connection.close()
    run.refresh_from_db()
    assert (run.state, run.position) == ("running", 300)
    assert run_for_file(path, kind="items", mapping={}).pk == run.pk
    run_import(run)
    run.refresh_from_db()
    assert (run.state, figures(run)) == ("done", (1_000, 0, 0, 0))


@pytest.mark.django_db
def test_a_file_changed_since_or_another_mapping_is_another_run(write):
    path = write("x.csv", "id,title\n1,x\n")
    first = run_for_file(path, kind="items", mapping={})
    assert run_for_file(path, kind="items", mapping={}).pk == first.pk
    other = run_for_file(path, kind="items", mapping={"fields": {"title": "title"}})
    assert other.pk != first.pk
    assert run_for_file(path, kind="interactions", mapping={}).pk not in (first.pk, other.pk)
    os.utime(path, (first.created_at.timestamp() + 5,) * 2)
    assert run_for_file(path, kind="items", mapping={}).pk not in (first.pk, other.pk)


@pytest.mark.django_db
def test_a_finished_run_is_not_worked_on_again(write):
    run = load(write("x.csv", "id,title\n1,x\n"))
    Item.objects.all().delete()
    run_import(run)
    assert not Item.objects.exists()


@pytest.mark.django_db
def test_the_command_takes_mappings_from_a_file_and_from_options_and_sums_up(write, capsys):
    path = write("x.data", "code\tlabel\tcost\n1\tOne\t5\n2\t\t6\n")
    mapping = write("m.toml", '[fields]\nexternal_id = "code"\n[attributes]\nprice = "cost"\n')
    call_command("import_items", str(path), "--mapping", str(mapping), "--map", "title=label", "--format", "csv")
    item = Item.objects.get()
    assert (item.external_id, item.title, item.attributes) == ("1", "One", {"price": 5})
    printed = capsys.readouterr()
    assert "x.data: 1 created, 0 updated, 0 unchanged, 1 rejected." in printed.out
    assert "line 3: title: This field is required." in printed.err


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv"], "No such file"),
        (["x.csv", "--map", "title"], "use FIELD=COLUMN"),
        (["x.csv", "--map", "colour=x"], "no such field"),
        (["x.csv", "--mapping", "bad.toml"], "bad.toml: Invalid value"),
        (["x.csv", "--mapping", "latin1.toml"], "latin1.toml: 'utf-8'"),
        (["empty.csv"], "empty"),
        (["."], "directory"),
    ],
)
def test_what_the_command_cannot_do_it_says_in_one_line(write, tmp_path, monkeypatch, arguments, message):
    write("x.csv", "id,title\n1,x\n")
    write("bad.toml", "fields = [")
    write("latin1.toml", b'[fields]\ntitle = "caf\xe9"\n')
    write("empty.csv", "")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=message):
        call_command("import_items", *arguments)


@pytest.mark.django_db
def test_rows_survive_json_with_every_kind_of_text(write):
    titles = ["🎬", "שלום", "東京", "a\nb", '"quoted"', "\\", "\u202ertl"]
    rows = [{"id": str(n), "title": title, "tags": [title]} for n, title in enumerate(titles)]
    load(write("x.json", json.dumps(rows)))
    stored = dict(Item.objects.values_list("external_id", "title"))
    assert [stored[str(n)] for n in range(len(titles))] == titles


def test_a_command_that_meets_a_full_disk_says_so_and_the_next_goes_on(db, tmp_path, capsys):
    (tmp_path / "items.csv").write_text("external_id,title\na,Alien\n")
    with (
        no_room_in("catalog_item"),
        pytest.raises(CommandError, match=r"No space left on device(.|\n)*Run the same command again"),
    ):
        call_command("import_items", str(tmp_path / "items.csv"))
    call_command("import_items", str(tmp_path / "items.csv"))
    assert "1 created" in capsys.readouterr().out


def test_an_upload_that_gets_no_run_leaves_no_file(db, settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    file = SimpleUploadedFile("films.csv", b"id,title\n1,Metropolis\n")

    def away(**fields: object) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(ImportRun.objects, "create", away)
    with pytest.raises(OperationalError):
        accept_upload(file, kind=ImportRun.Kind.ITEMS, mapping={}, started_by=None)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
