"""How the API answers requests that are wrong as a whole: bodies, hosts, bursts, credentials."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from rest_framework.settings import api_settings

from tests.callers import problem, signed_in, with_key
from tests.catalog.api.posting import JSON, SEARCH, post


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" * 10_000 + b"]" * 10_000, None),
        (b'{"q": ' * 10_000 + b"1" + b"}" * 10_000, None),
        (b'{"q": "\xff"}', "not_utf8"),
        (b'{"q": NaN}', "parse_error"),
        (b"{", "parse_error"),
        (b"", "required"),
        (b"[]", "invalid"),
        (b'"q"', "invalid"),
        (b"null", None),
    ],
    ids=["deep arrays", "deep objects", "not utf-8", "NaN", "cut off", "empty", "array", "text", "null"],
)
def test_bodies_that_are_no_search_are_refused(somebody, body, code):
    problem(post(somebody, body), 400, code)


@pytest.mark.parametrize("kind", ["text/plain", "text/xml", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_refused(somebody, kind):
    problem(somebody.post(SEARCH, b"q=a", content_type=kind), 415, "unsupported_media_type")


def test_a_compressed_body_is_refused_before_it_is_unpacked(somebody):
    response = somebody.post(SEARCH, b"\x1f\x8b", content_type=JSON, headers={"Content-Encoding": "gzip"})
    problem(response, 415, "unsupported_encoding")


def test_a_body_over_the_limit_is_refused_unread(somebody, settings):
    settings.REQUEST_BODY_MAX_BYTES = 1_000
    problem(post(somebody, {"q": "a", "filter": "x" * 2_000}), 413, "body_too_large")


@pytest.mark.parametrize("length", ["-1", "many", ""])
def test_a_length_that_is_none_is_refused(somebody, length):
    response = somebody.generic("POST", SEARCH, b'{"q": "a"}', content_type=JSON, CONTENT_LENGTH=length or "+5")
    problem(response, 411, "length_required")


def test_a_body_in_chunks_is_refused_and_not_taken_for_an_empty_one(somebody):
    response = somebody.post(SEARCH, {"q": "a"}, content_type=JSON, headers={"Transfer-Encoding": "chunked"})
    problem(response, 411, "length_required")


def test_only_those_who_may_upload_send_large_bodies(settings, db):
    settings.REQUEST_BODY_MAX_BYTES = 100
    body = {"kind": "items", "mapping": "x" * 1_000}
    for client, status in ((signed_in(), 413), (Client(), 413), (with_key("search"), 403)):
        assert client.post("/api/v1/imports", body).status_code == status
    problem(with_key("admin").post("/api/v1/imports", body, format="multipart"), 400, "required", "file")


def test_methods_and_addresses_that_are_not_there_are_named(somebody):
    problem(somebody.delete(SEARCH), 405, "method_not_allowed")
    problem(somebody.get("/api/v1/answers?q=robots"), 405, "method_not_allowed")
    problem(somebody.get("/api/v1/nothing"), 404, "not_found")


def test_a_refusal_says_what_to_send_instead(somebody):
    told = problem(somebody.post("/api/v1/rules", {}, content_type="application/json"), 401, "not_authenticated")
    assert "Authorization: Bearer" in told["detail"]
    assert "scope admin" in problem(with_key("write").get("/api/v1/rules"), 403, "permission_denied")["detail"]
    told = problem(somebody.post(SEARCH, "q=a", content_type="application/x-www-form-urlencoded"), 415)
    assert "application/json or multipart/form-data" in told["detail"]
    assert problem(post(somebody, []), 400, "invalid")["detail"] == "Send a JSON object."
    assert "/api/v1/items" in problem(somebody.get(SEARCH, {"q": ""}), 400, "blank", "q")["detail"]


def test_parameters_by_the_thousand_are_refused_by_name(somebody):
    query = "&".join(f"exclude={number}" for number in range(1, 1_500))
    told = problem(somebody.get(f"/api/v1/recommendations?{query}"), 400, "too_many_parameters")
    assert "1,000" in told["detail"]


def test_a_format_that_nobody_serves_is_refused(somebody):
    problem(somebody.get(SEARCH, {"q": "a"}, headers={"Accept": "text/html"}), 406, "not_acceptable")


def test_a_wrong_host_is_refused(somebody):
    problem(somebody.get(SEARCH, {"q": "a"}, headers={"Host": "evil.example"}), 400, "bad_request")


@pytest.fixture
def one_read_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "read", "1/hour")


def test_a_burst_is_told_to_wait_whatever_address_it_claims(somebody, one_read_an_hour):
    address = f"2001:db8::{uuid.uuid4().hex[:4]}"
    statuses = []
    for number in range(4):
        response = somebody.get(
            SEARCH, {"q": "a"}, REMOTE_ADDR=address, headers={"X-Forwarded-For": f"10.0.0.{number}"}
        )
        statuses.append(response.status_code)
    assert statuses == [200, 429, 429, 429]
    problem(response, 429, "throttled")
    assert 0 < int(response["Retry-After"]) <= 3600


def test_behind_a_trusted_proxy_callers_are_told_apart(somebody, one_read_an_hour, monkeypatch):
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    network = uuid.uuid4().hex[:4]
    for number in range(3):
        forwarded = f"1.2.3.4, 2001:db8:{network}::{number}"
        assert somebody.get(SEARCH, {"q": "a"}, headers={"X-Forwarded-For": forwarded}).status_code == 200


@pytest.mark.parametrize(
    "cookie", ['sessionid="\\000aaaaaaaaaaaa"', 'csrftoken="\\000"', 'visitor="\\000"', "sessionid=x", "=;=;"]
)
@pytest.mark.parametrize("path", ["/", "/staff/", SEARCH + "?q=a"])
def test_no_cookie_breaks_a_page(somebody, cookie, path):
    response = somebody.get(path, headers={"Cookie": cookie})
    assert response.status_code == (400 if "000" in cookie else 302 if path == "/staff/" else 200)


def test_a_form_of_thousands_of_fields_is_refused(db):
    fields = {f"field{number}": "x" for number in range(5_000)}
    problem(with_key("admin").post("/api/v1/imports", fields, format="multipart"), 400, "too_many_parameters")
