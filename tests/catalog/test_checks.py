"""The system checks of the catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import Tags, run_checks

from catalog import checks


def ids(messages) -> list[str]:
    return [message.id for message in messages if message.id.startswith("catalog.")]


def test_this_installation_is_as_it_should_be(db):
    assert ids(run_checks(databases=["default"])) == []
    assert ids(run_checks(tags=[Tags.database], databases=["default"])) == []


def test_an_extension_that_damages_indexes_is_an_error(db, monkeypatch):
    monkeypatch.setattr(checks, "OLDEST_PGVECTOR", (99, 0))
    error = checks.check_pgvector(databases=["default"])[0]
    assert error.id == "catalog.E002"
    assert "Install 99.0 or newer" in error.msg


@pytest.mark.parametrize(("text", "older"), [("0.8.3", True), ("0.8.4", False), ("0.8.10", False), ("1.0", False)])
def test_versions_are_compared_as_numbers(text, older):
    assert (checks.version_of(text) < checks.OLDEST_PGVECTOR) == older


def test_uploads_need_a_folder_that_can_be_written(settings, tmp_path: Path):
    settings.MEDIA_ROOT = tmp_path / "made" / "at" / "the first upload"
    assert checks.check_media_root() == []
    settings.MEDIA_ROOT = tmp_path / "file"
    settings.MEDIA_ROOT.write_text("")
    assert ids(checks.check_media_root()) == ["catalog.E003"]
    settings.MEDIA_ROOT = tmp_path / "file" / "below"
    assert ids(checks.check_media_root()) == ["catalog.E003"]


@pytest.mark.parametrize(
    ("url", "found"),
    [("", []), ("https://search.example.org", []), ("search.example.org", ["catalog.E007"])],
)
def test_the_address_of_the_site_is_a_whole_one(settings, url: str, found: list[str]):
    settings.SITE_URL = url
    assert ids(checks.check_site_url()) == found


@pytest.mark.parametrize(
    ("url", "model", "found"),
    [
        ("", "", []),
        ("https://api.example.org/v1", "small", []),
        ("https://api.example.org/v1", "", ["catalog.E004"]),
        ("api.example.org", "small", ["catalog.E004"]),
        ("file:///etc/passwd", "small", ["catalog.E004"]),
    ],
)
def test_a_language_model_needs_a_name_and_an_address(settings, url: str, model: str, found: list[str]):
    settings.CHAT_URL, settings.CHAT_MODEL = url, model
    assert ids(checks.check_chat_endpoint()) == found


@pytest.mark.parametrize(
    ("backend", "url", "found"),
    [
        ("transformer", "", []),
        ("openai", "https://api.example.org/v1", []),
        ("openai", "", ["catalog.E005"]),
        ("transformer", "api.example.org", ["catalog.E005"]),
        ("magic", "", ["catalog.E005"]),
    ],
)
def test_an_encoder_needs_a_known_kind_and_an_address_that_can_be_called(settings, backend, url, found):
    settings.ENCODER_BACKEND, settings.ENCODER_URL = backend, url
    assert ids(checks.check_embeddings_endpoint()) == found


@pytest.mark.parametrize(("ratio", "found"), [(0.0, []), (1.0, []), (1.5, ["catalog.E006"]), (-0.1, ["catalog.E006"])])
def test_the_ratio_of_meaning_is_a_share(settings, ratio, found):
    settings.SEMANTIC_RATIO = ratio
    assert ids(checks.check_semantic_ratio()) == found
