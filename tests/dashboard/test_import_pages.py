"""The staff pages for imports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from catalog.importing import run_import
from catalog.models import AuditEntry, ImportRun, Item
from tests.callers import signed_in

PAGE = "/staff/imports/"


@pytest.fixture
def staff(db: None, settings, tmp_path: Path) -> Client:
    settings.MEDIA_ROOT = tmp_path
    return signed_in("staff", is_staff=True)


def upload(staff: Client, content: bytes, name: str = "films.csv", **fields: str):
    return staff.post(PAGE, {"file": SimpleUploadedFile(name, content), "kind": "items", "mapping": "", **fields})


def test_a_file_is_handed_in_watched_and_its_bad_rows_read(staff):
    response = upload(staff, b"id,title\na,Alien\nb,\nc,<script>alert(1)</script>\n")
    run = ImportRun.objects.get()
    assert response["Location"] == f"{PAGE}{run.pk}/"
    assert (str(run.started_by), run.state) == ("staff", "queued")
    waiting = staff.get(response["Location"]).content.decode()
    assert 'hx-trigger="every 1s"' in waiting
    run_import(run)
    live = staff.get(response["Location"], headers={"HX-Request": "true"})
    assert live.status_code == 286, "htmx asks no more"
    text = live.content.decode()
    assert "<b>3</b> rows read" in text
    assert "<b>2</b> new" in text
    assert "title: This field is required." in text
    done = staff.get(response["Location"]).content.decode()
    assert "hx-trigger" not in done.split('id="main"')[1]
    assert Item.objects.get(external_id="c").title == "<script>alert(1)</script>"
    assert AuditEntry.objects.get().action == "import.start"
    assert "films.csv" in staff.get(PAGE).content.decode()


def test_a_file_without_rows_is_said_to_have_loaded_nothing(staff):
    address = upload(staff, b"id,title\n")["Location"]
    assert "Waiting for a worker." in staff.get(address).content.decode()
    run_import(ImportRun.objects.get())
    page = staff.get(address).content.decode()
    assert "The file has no rows, so nothing was loaded." in page
    assert "0 bytes of" not in page.replace("\xa0", " ")


def test_the_mapping_may_be_given(staff):
    upload(staff, b"nr,name\n1,Alien\n", mapping=json.dumps({"fields": {"external_id": "nr"}}))
    run_import(ImportRun.objects.get())
    assert Item.objects.get().external_id == "1"


@pytest.mark.parametrize(
    ("content", "fields", "message"),
    [
        (b"\x1f\x8b\x08\x00rest", {}, "The file is compressed. Unpack it first."),
        (b"id,title\na,A\n", {"mapping": "[1]"}, "a table of names is expected"),
        (b"id,title\na,A\n", {"mapping": "{"}, "This is not JSON"),
        (b"id,title\na,A\n", {"mapping": "[" * 100_000}, "This is not JSON"),
        (b"id,title\na,A\n", {"mapping": '{"fields": {"colour": "x"}}'}, "no such field"),
        (b"id,title\na,A\n", {"kind": "people"}, "Select a valid choice"),
        (b"", {}, "The submitted file is empty"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(staff, tmp_path, content, fields, message):
    response = upload(staff, content, **fields)
    assert response.status_code == 400
    assert message in response.content.decode()
    assert not ImportRun.objects.exists()
    assert not list(tmp_path.rglob("*"))


def test_a_name_that_is_markup_is_shown_as_text(staff):
    upload(staff, b"id,title\na,A\n", name="<img src=x onerror=alert(1)>.csv")
    page = staff.get(PAGE).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;.csv" in page


def test_the_list_has_pages_and_costs_the_same_queries_on_each(staff, django_assert_num_queries):
    ImportRun.objects.bulk_create(
        ImportRun(kind="items", path=f"imports/{number}", filename=f"f{number}.csv", state="done")
        for number in range(25)
    )
    with django_assert_num_queries(4):  # session, user, count, runs
        first = staff.get(PAGE).content.decode()
    assert first.count(".csv</a>") == 20
    assert staff.get(PAGE, {"page": 2}).content.decode().count(".csv</a>") == 5
    assert staff.get(PAGE, {"page": "x"}).status_code == 200


def test_the_export_is_offered_in_every_format(staff):
    page = staff.get(PAGE).content.decode()
    for file_format in ("csv", "json", "ndjson"):
        assert f"/api/v1/items/export?format={file_format}" in page
