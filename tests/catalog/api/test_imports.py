"""Files uploaded over the API, and the export."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.importing import run_import
from catalog.models import AuditEntry, ImportRun, Item
from catalog.signals import import_requested
from tests.callers import problem, signed_in, with_key
from tests.factories import make_item

IMPORTS = "/api/v1/imports"
EXPORT = "/api/v1/items/export"


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def upload(client, content: str | bytes, name: str = "items.csv", **fields):
    raw = content.encode() if isinstance(content, str) else content
    return client.post(IMPORTS, {"file": SimpleUploadedFile(name, raw), **fields}, format="multipart")


def test_a_file_is_taken_loaded_by_a_worker_and_reported_row_by_row(administrator, django_capture_on_commit_callbacks):
    asked: list[int] = []

    def note(run_id: int, **_: object) -> None:
        asked.append(run_id)

    import_requested.connect(note)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            response = upload(administrator, "id,title,year\na,Alien,1979\nb,,1980\nc,Cube,1997\n")
    finally:
        import_requested.disconnect(note)
    assert response.status_code == 202
    run = response.json()
    assert (run["state"], run["kind"], run["filename"]) == ("queued", "items", "items.csv")
    assert asked == [run["id"]]
    run_import(ImportRun.objects.get(pk=run["id"]))
    done = administrator.get(response["Location"]).json()
    assert (done["state"], done["position"], done["created"], done["rejected"]) == ("done", 3, 2, 1)
    assert done["problems"] == [{"line": 3, "reason": "title: This field is required."}]
    assert done["read_bytes"] == done["size_bytes"]
    assert Item.objects.get(external_id="a").attributes == {"year": 1979}
    assert [row["id"] for row in administrator.get(IMPORTS).json()["results"]] == [run["id"]]
    assert AuditEntry.objects.get().detail["key"].startswith("admin program")


def test_the_mapping_is_json_beside_the_file(administrator):
    mapping = json.dumps({"fields": {"external_id": "nr", "title": "names[0]"}})
    response = upload(administrator, '{"nr": 1, "names": ["Alien"]}\n', "a.ndjson", mapping=mapping)
    run_import(ImportRun.objects.get(pk=response.json()["id"]))
    assert Item.objects.get().title == "Alien"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"mapping": "no json"}, "mapping"),
        ({"mapping": "[]"}, "mapping"),
        ({"mapping": '{"fields": {"colour": "x"}}'}, "mapping"),
        ({"mapping": "[" * 100_000}, "mapping"),
        ({"kind": "people"}, "kind"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_with_an_upload_is_named(administrator, media_root, fields, field):
    problem(upload(administrator, "id,title\na,A\n", **fields), 400, None, field)
    assert not ImportRun.objects.exists()
    assert not list(media_root.rglob("*"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(b"\0" * 50_000_000), "compressed"),
        (b"PK\x03\x04" + b"x" * 100, "ZIP archive"),
        ("title".encode("utf-16"), "UTF-16"),
        (b"\0\0\0", "not text"),
        (b" \n ", "empty"),
    ],
    ids=["gzip bomb", "zip", "utf-16", "binary", "blank"],
)
def test_a_file_that_nobody_can_read_is_refused_at_once(administrator, media_root, content, reason):
    body = problem(upload(administrator, content), 400, "invalid_file", "file")
    assert reason in body["detail"]
    assert not list(media_root.rglob("*"))


def test_an_upload_without_a_file_or_of_another_type_is_refused(administrator):
    problem(administrator.post(IMPORTS, {"kind": "items"}, format="multipart"), 400, "required", "file")
    problem(administrator.post(IMPORTS, {"kind": "items"}, format="json"), 415, "unsupported_media_type")


def test_a_file_over_the_limit_is_refused(administrator, settings):
    settings.REQUEST_BODY_MAX_BYTES = settings.UPLOAD_MAX_BYTES = 1_000
    problem(upload(administrator, "x" * 2_000), 413, "body_too_large")


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\evil.csv", "a\r\nb.csv", "\u202egpj.csv"])
def test_the_name_of_a_file_is_only_shown(administrator, media_root, name):
    run = ImportRun.objects.get(pk=upload(administrator, "id,title\na,A\n", name).json()["id"])
    kept = [path for path in media_root.rglob("*") if path.is_file()]
    assert [path.parent for path in kept] == [media_root / "imports"]
    assert run.filename.isprintable()
    assert "/" not in run.filename


def test_bytes_that_are_not_utf8_cost_their_row_only(administrator):
    raw = b"id,title\na,Caf\xe9\nb,Caf\xc3\xa9\n"
    run = ImportRun.objects.get(pk=upload(administrator, raw).json()["id"])
    run_import(run)
    assert Item.objects.get().title == "Café"
    assert run.problems == [{"line": 2, "reason": "This is not UTF-8: byte 0xe9 at position 6."}]


def test_a_formula_is_text_in_and_escaped_out(administrator):
    run_import(ImportRun.objects.get(pk=upload(administrator, "id,title\na,\"=cmd|' /C calc'!A0\"\n").json()["id"]))
    assert Item.objects.get().title == "=cmd|' /C calc'!A0"
    exported = b"".join(administrator.get(EXPORT, {"format": "csv"}).streaming_content).decode()
    assert next(csv.DictReader(io.StringIO(exported)))["title"] == "'=cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    ("file_format", "kind"),
    [("ndjson", "application/x-ndjson"), ("csv", "text/csv; charset=utf-8"), ("json", "application/json")],
)
def test_the_export_is_a_file_to_download(writer, file_format, kind):
    make_item("draft", published=False)
    response = writer.get(EXPORT, {"format": file_format})
    assert response["Content-Type"] == kind
    assert response["Content-Disposition"] == f'attachment; filename="items.{file_format}"'
    assert b"draft" in b"".join(response.streaming_content)


def test_the_export_refuses_other_formats_and_callers(writer, searcher):
    problem(writer.get(EXPORT, {"format": "xlsx"}), 400, "invalid_choice", "format")
    problem(searcher.get(EXPORT), 403, "permission_denied")


def test_staff_export_from_the_browser(db):
    assert signed_in("staff", is_staff=True).get(EXPORT, {"format": "csv"}).status_code == 200


def test_imports_are_for_administrators_and_unknown_ones_not_found(administrator):
    problem(administrator.get(f"{IMPORTS}/999"), 404, "not_found")
    problem(with_key("write").get(IMPORTS), 403, "permission_denied")
