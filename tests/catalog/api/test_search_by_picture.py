"""Search by picture through the API."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.settings import api_settings

from catalog.embedding.base import EncoderSpec
from catalog.embedding.registry import encoder_for
from catalog.items.saving import save_items
from catalog.models import IndexVersion, Item
from catalog.pictures.turns import picture_turn
from tests.callers import UNREADABLE, problem, signed_in, with_key
from tests.clip_checkpoints import COLOURS, picture, write_colours
from tests.factories import add_passages, make_version
from tests.picture_server import file_of

SEARCH = "/api/v1/search"


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("models") / "colours")


@pytest.fixture
def version(db: None, colours: Path) -> IndexVersion:
    """One item per colour, with the vector of a text that names it."""
    cache.clear()
    save_items([{"external_id": name, "title": f"The {name} thing"} for name in COLOURS])
    encoder = encoder_for(EncoderSpec(backend="clip", model=str(colours)))
    version = make_version(dimensions=encoder.dimensions, backend="clip", model=str(colours), relevance_cutoff=0.25)
    vectors = encoder.encode_documents(COLOURS)
    ids = Item.objects.ids_by_external_id(COLOURS)
    add_passages(version, {ids[name]: [vector.tolist()] for name, vector in zip(COLOURS, vectors, strict=True)})
    return version


def upload(colour: str = "blue", name: str = "x.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, file_of(picture(colour)))


def first(response: Any) -> str:
    assert response.status_code == 200, response.content
    return response.json()["hits"][0]["external_id"]


@pytest.mark.parametrize("colour", ["red", "blue"])
def test_a_picture_finds_what_it_shows(version, somebody, colour):
    response = somebody.post(SEARCH, {"image": upload(colour), "limit": 2, "facets": "category,language"})
    assert first(response) == colour
    assert (response.json()["version"], len(response.json()["hits"])) == (version.pk, 2)


def test_json_takes_the_picture_as_base64_and_as_a_data_url(version, somebody):
    coded = base64.b64encode(file_of(picture("red"))).decode()
    for image in (coded, f"data:image/png;base64,{coded}"):
        assert first(somebody.post(SEARCH, {"image": image}, content_type="application/json")) == "red"


def test_words_and_a_picture_are_looked_for_together(version, somebody):
    for weight, expected in ((0.0, "red"), (1.0, "blue")):
        given = {"q": "red", "image": upload("blue"), "image_weight": weight, "semantic_ratio": 1}
        assert first(somebody.post(SEARCH, given)) == expected


def test_an_index_of_texts_alone_says_so(db, somebody):
    make_version()
    response = somebody.post(SEARCH, {"image": upload()})
    assert (response.status_code, response.json()["code"]) == (400, "no_image_encoder")
    assert response.json()["errors"][0]["field"] == "image"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"This is no picture.", 415, "unsupported_picture"),
        (file_of(picture("red", width=300, height=300))[:150], 400, "broken_picture"),
        (file_of(picture("red", width=2_000, height=600)), 413, "picture_too_large"),
        (b"x" * 60_001, 413, "picture_too_large"),
    ],
)
def test_a_bad_picture_is_a_problem_with_its_reason(version, somebody, settings, content, status, code):
    settings.PICTURE_MAX_PIXELS, settings.PICTURE_MAX_BYTES = 1_000_000, 60_000
    response = somebody.post(SEARCH, {"image": SimpleUploadedFile("x.png", content)})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("given", [{"image": "no base64!"}, {"image": 7}, {"image": ["x"]}, {"image": {}}])
def test_what_is_no_file_and_no_base64_is_refused(version, somebody, given):
    response = somebody.post(SEARCH, given, content_type="application/json")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "image")


def test_a_picture_and_a_vector_are_one_too_many(version, somebody):
    coded = base64.b64encode(file_of(picture("red"))).decode()
    given = {"image": coded, "vector": [1.0] * version.dimensions}
    response = somebody.post(SEARCH, given, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "two_vectors")


def test_a_large_body_is_taken_with_a_picture_and_no_other(version, settings, somebody):
    settings.REQUEST_BODY_MAX_BYTES = 10
    assert somebody.post(SEARCH, {"image": upload("red")}).status_code == 200
    response = somebody.post(SEARCH, {"q": "x" * 20}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    settings.PICTURE_MAX_BYTES = 10
    assert somebody.post(SEARCH, {"image": upload("red")}).status_code == 413


def test_pictures_have_a_rate_of_their_own(version, monkeypatch, somebody):
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "pictures", "1/hour")
    codes = [somebody.post(SEARCH, {"image": upload("red")}).status_code for _ in range(2)]
    assert codes == [200, 429]


@pytest.mark.parametrize("who", ["anybody", "a key", "somebody signed in"])
def test_the_body_of_a_caller_over_the_limit_is_not_read(version, monkeypatch, who):
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "pictures", "1/hour")
    callers: dict[str, Any] = {"anybody": Client, "a key": lambda: with_key("search"), "somebody signed in": signed_in}
    client = callers[who]()
    assert client.post(SEARCH, {"image": upload("red")}).status_code == 200
    response = client.generic("POST", SEARCH, **UNREADABLE)
    assert problem(response, 429, "throttled")
    assert int(response["Retry-After"]) > 0


def test_a_form_is_counted_once_and_so_is_json(version, monkeypatch, somebody):
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "pictures", "2/hour")
    coded = base64.b64encode(file_of(picture("red"))).decode()
    assert somebody.post(SEARCH, {"image": upload("red")}).status_code == 200
    statuses = [somebody.post(SEARCH, {"image": coded}, content_type="application/json").status_code for _ in range(2)]
    assert statuses == [200, 429]
    assert somebody.post(SEARCH, {"q": "red"}, content_type="application/json").status_code == 200


def test_where_all_turns_are_taken_it_says_to_come_back(version, settings, somebody):
    settings.PICTURE_CONCURRENCY, settings.PICTURE_WAIT_S = 1, 0.01
    with picture_turn():
        response = somebody.post(SEARCH, {"image": upload("red")})
    problem(response, 503, "pictures_busy")
    assert int(response["Retry-After"]) > 0
    assert first(somebody.post(SEARCH, {"image": upload("red")})) == "red"


def test_without_the_model_it_says_to_come_back(version, somebody):
    IndexVersion.objects.update(model="/no/such/model")
    response = somebody.post(SEARCH, {"image": upload("red")})
    assert (response.status_code, response.json()["code"]) == (503, "encoder_unavailable")
    assert int(response["Retry-After"]) > 0


def test_a_visitor_who_may_not_read_may_not_send_pictures(version, settings):
    settings.ANONYMOUS_API_READ = False
    assert Client().post(SEARCH, {"image": upload("red")}).status_code == 401
