"""Who may do what: every URL of the site, every method, every kind of caller.

A URL that is not in the table fails the test, so nothing is published by accident.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from catalog.models import ApiKey
from tests.callers import signed_in, with_key

#: Everybody. Personal pages show each person their own, so a visitor's are public too.
PUBLIC = frozenset({"outsider", "visitor", "person", "search key", "write key", "admin key", "staff"})
#: Searching and reading through the API; for visitors only where anonymous reading is on.
SEARCH = PUBLIC - {"outsider"}
WRITE = frozenset({"write key", "admin key", "staff"})
ADMIN = frozenset({"admin key", "staff"})
#: Pages, where a key is worth nothing.
STAFF = frozenset({"staff"})
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Access:
    read: frozenset[str] = NOBODY
    write: frozenset[str] = NOBODY


TABLE: dict[str, Access] = {
    "livez": Access(PUBLIC),
    "readyz": Access(PUBLIC),
    "api/v1/schema": Access(PUBLIC),
    "api-reference/": Access(PUBLIC),
    "api/v1/search": Access(SEARCH, SEARCH),
    "api/v1/suggest": Access(SEARCH),
    "api/v1/answers": Access(write=SEARCH),
    "api/v1/items": Access(SEARCH, WRITE),
    "api/v1/items/bulk": Access(write=WRITE),
    "api/v1/items/delete": Access(write=WRITE),
    "api/v1/items/export": Access(WRITE),
    "api/v1/items/<int:pk>": Access(SEARCH, WRITE),
    "api/v1/items/<int:pk>/similar": Access(SEARCH),
    "api/v1/imports": Access(ADMIN, ADMIN),
    "api/v1/imports/<int:pk>": Access(ADMIN),
    "api/v1/index-versions": Access(ADMIN),
    "api/v1/index-versions/compare": Access(ADMIN),
    "api/v1/index-versions/<int:pk>": Access(ADMIN),
    "api/v1/index-versions/<int:pk>/activate": Access(write=ADMIN),
    "api/v1/index-versions/<int:pk>/retire": Access(write=ADMIN),
    "api/v1/index-versions/<int:pk>/failures": Access(ADMIN),
    "api/v1/index-versions/<int:pk>/retry": Access(write=ADMIN),
    "api/v1/reindex-runs": Access(ADMIN, ADMIN),
    "api/v1/reindex-runs/<int:pk>": Access(ADMIN),
    "api/v1/reindex-runs/<int:pk>/pause": Access(write=ADMIN),
    "api/v1/reindex-runs/<int:pk>/resume": Access(write=ADMIN),
    "api/v1/reindex-runs/<int:pk>/cancel": Access(write=ADMIN),
    "api/v1/query-sets": Access(ADMIN, ADMIN),
    "api/v1/query-sets/<int:pk>": Access(ADMIN, ADMIN),
    "api/v1/query-sets/<int:pk>/queries": Access(ADMIN, ADMIN),
    "api/v1/query-sets/<int:pk>/judgements": Access(ADMIN, ADMIN),
    "api/v1/query-sets/<int:pk>/measurements": Access(ADMIN, ADMIN),
    "api/v1/measurements/<int:pk>": Access(ADMIN),
    "api/v1/measurements/<int:pk>/cancel": Access(write=ADMIN),
    "api/v1/rules": Access(ADMIN, ADMIN),
    "api/v1/rules/<int:pk>": Access(ADMIN, ADMIN),
    "api/v1/synonyms": Access(ADMIN, ADMIN),
    "api/v1/synonyms/<int:pk>": Access(ADMIN, ADMIN),
    "api/v1/interactions": Access(write=SEARCH),
    "api/v1/interactions/export": Access(ADMIN),
    "api/v1/recommendations/export": Access(ADMIN),
    "api/v1/interactions/<int:pk>": Access(write=SEARCH),
    "api/v1/recommendations": Access(SEARCH),
    "api/v1/me/interests": Access(SEARCH, SEARCH),
    "api/v1/me/interests/<int:pk>": Access(write=SEARCH),
    "api/v1/me/export": Access(SEARCH),
    "api/v1/me/receipts": Access(SEARCH),
    "api/v1/me/receipts/<uuid:pk>": Access(SEARCH),
    "api/v1/history": Access(SEARCH, SEARCH),
    "api/v1/history/export": Access(SEARCH),
    "v1/embeddings": Access(write=SEARCH),
    "v1/models": Access(SEARCH),
    "v1/models/<path:name>": Access(SEARCH),
    "search": Access(PUBLIC),
    "search/picture": Access(write=PUBLIC),
    "search/picture/<str:token>": Access(PUBLIC),
    "answers": Access(PUBLIC),
    "suggest": Access(PUBLIC),
    "items/<int:pk>/": Access(PUBLIC),
    "covers/<int:pk>.svg": Access(PUBLIC),
    "covers/<int:pk>.jpg": Access(PUBLIC),
    "": Access(PUBLIC),
    "for-you/": Access(PUBLIC),
    "saved/": Access(PUBLIC),
    "history/": Access(PUBLIC),
    "history/<int:pk>/delete": Access(write=PUBLIC),
    "history/delete": Access(write=PUBLIC),
    "history/export": Access(PUBLIC),
    "interests/": Access(PUBLIC),
    "interests/personalisation": Access(write=PUBLIC),
    "interests/export": Access(PUBLIC),
    "interests/<int:pk>/mute": Access(write=PUBLIC),
    "interests/<int:pk>/delete": Access(write=PUBLIC),
    "receipts/<uuid:pk>/": Access(PUBLIC),
    "reactions/": Access(write=PUBLIC),
    "items/<int:pk>/seen": Access(write=PUBLIC),
    "sign-in/": Access(PUBLIC, PUBLIC),
    "sign-up/": Access(PUBLIC, PUBLIC),
    "sign-out/": Access(write=PUBLIC),
    "staff/": Access(STAFF),
    "staff/reindex/": Access(write=STAFF),
    "staff/reindex/<int:pk>/pause": Access(write=STAFF),
    "staff/reindex/<int:pk>/resume": Access(write=STAFF),
    "staff/reindex/<int:pk>/cancel": Access(write=STAFF),
    "staff/versions/<int:pk>/activate": Access(write=STAFF),
    "staff/versions/<int:pk>/retire": Access(write=STAFF),
    "staff/versions/compare/": Access(STAFF),
    "staff/failures/retry": Access(write=STAFF),
    "staff/encoders/": Access(STAFF, STAFF),
    "staff/encoders/adapt": Access(write=STAFF),
    "staff/encoders/<int:pk>/": Access(STAFF),
    "staff/encoders/<int:pk>/reindex": Access(write=STAFF),
    "staff/encoders/adapted/<int:pk>/reindex": Access(write=STAFF),
    "staff/imports/": Access(STAFF, STAFF),
    "staff/imports/<int:pk>/": Access(STAFF),
    "staff/analytics/": Access(STAFF),
    "staff/rules/": Access(STAFF),
    "staff/rules/new/": Access(STAFF, STAFF),
    "staff/rules/<int:pk>/": Access(STAFF, STAFF),
    "staff/rules/<int:pk>/switch": Access(write=STAFF),
    "staff/rules/<int:pk>/delete": Access(write=STAFF),
    "staff/synonyms/": Access(STAFF, STAFF),
    "staff/synonyms/<int:pk>/": Access(STAFF, STAFF),
    "staff/synonyms/<int:pk>/switch": Access(write=STAFF),
    "staff/synonyms/<int:pk>/delete": Access(write=STAFF),
    "staff/relevance/": Access(STAFF, STAFF),
    "staff/relevance/<int:pk>/": Access(STAFF),
    "staff/relevance/<int:pk>/queries": Access(write=STAFF),
    "staff/relevance/<int:pk>/rename": Access(write=STAFF),
    "staff/relevance/<int:pk>/delete": Access(write=STAFF),
    "staff/relevance/<int:pk>/export": Access(STAFF),
    "staff/relevance/<int:pk>/measure": Access(write=STAFF),
    "staff/relevance/queries/<int:pk>/": Access(STAFF, STAFF),
    "staff/relevance/queries/<int:pk>/delete": Access(write=STAFF),
    "staff/relevance/measurements/<int:pk>/": Access(STAFF),
    "staff/relevance/measurements/<int:pk>/cancel": Access(write=STAFF),
    "staff/recommendations/": Access(STAFF),
    "staff/recommendations/scenarios/<slug:name>/": Access(STAFF, STAFF),
    "staff/recommendations/people/": Access(STAFF, STAFF),
    "staff/recommendations/weights/": Access(STAFF, STAFF),
    "staff/recommendations/experiments/": Access(STAFF),
    "staff/recommendations/experiments/new/": Access(STAFF, STAFF),
    "staff/recommendations/experiments/<int:pk>/": Access(STAFF, STAFF),
    "staff/recommendations/experiments/<int:pk>/start": Access(write=STAFF),
    "staff/recommendations/experiments/<int:pk>/stop": Access(write=STAFF),
    "staff/recommendations/experiments/<int:pk>/delete": Access(write=STAFF),
    "staff/recommendations/models/": Access(STAFF),
    "staff/recommendations/models/train": Access(write=STAFF),
    "staff/recommendations/models/back": Access(write=STAFF),
    "staff/recommendations/models/<int:pk>/serve": Access(write=STAFF),
    "staff/api-keys/": Access(STAFF, STAFF),
    "staff/api-keys/<int:pk>/revoke": Access(write=STAFF),
    "staff/audit/": Access(STAFF),
}
#: Django's own admin pages.
ADMIN_PAGES = "staff/admin/"
CALLERS = sorted(PUBLIC)
READS, WRITES = ("get",), ("post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Route:
    pattern: str
    methods: tuple[str, ...] = field(compare=False)

    @property
    def path(self) -> str:
        """The path with ids of nothing: whoever is let in finds nothing there."""
        path = re.sub(r"<int:[^>]+>", "999999999", self.pattern)
        path = re.sub(r"<uuid:[^>]+>", str(UUID(int=0)), path)
        return "/" + re.sub(r"<[^>]+>|\(\?P<url>\.\*\)\$", "nothing", path)


def all_routes() -> list[Route]:
    return sorted(_routes(get_resolver().url_patterns, ""), key=lambda route: route.pattern)


def _routes(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[Route]:
    for entry in patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _routes(entry.url_patterns, pattern)
        else:
            yield Route(pattern, tuple(_methods(entry.callback)))


def _methods(callback: Any) -> Iterator[str]:
    """The methods that a view handles; a plain function does not declare any, so it is only read."""
    view = getattr(callback, "view_class", getattr(callback, "cls", None))
    if view is None:
        yield "get"
    else:
        yield from (name for name in (*READS, *WRITES) if name in view.http_method_names and hasattr(view, name))


ROUTES = all_routes()
OWN_ROUTES = [route for route in ROUTES if not route.pattern.startswith(ADMIN_PAGES)]
ADMIN_ROUTES = [route for route in ROUTES if route.pattern.startswith(ADMIN_PAGES)]


@pytest.fixture
def new_client(db: None) -> Callable[[str], Client]:
    """A browser or program for a kind of caller, new for each call, because one of the URLs signs people out."""
    User.objects.create_superuser("staff")
    keys = {name: with_key(name.removesuffix(" key")) for name in CALLERS if name.endswith("key")}

    def client(caller: str) -> Client:
        if caller in ("person", "staff"):
            return signed_in(caller)
        return keys.get(caller) or Client()

    return client


def is_refused(response: Any) -> bool:
    """Whether the caller was turned away; anything else, including an invalid body or unknown id, is inside."""
    assert response.status_code < 500
    to_sign_in = response.status_code == 302 and response["Location"].startswith(("/sign-in/", "/staff/admin/login/"))
    return response.status_code in (401, 403) or to_sign_in


def call(client: Client, method: str, path: str) -> Any:
    if method == "get":
        return client.get(path)
    # A body that no view accepts, so that a caller who is let in changes nothing.
    return getattr(client, method)(path, json.dumps({"no such field": 1}), content_type="application/json")


def test_every_address_is_in_the_table_and_the_table_holds_no_other():
    assert {route.pattern for route in OWN_ROUTES} == set(TABLE)


def test_every_address_is_read_and_written_as_the_table_says():
    for route in OWN_ROUTES:
        access = TABLE[route.pattern]
        has_reads, has_writes = (bool({*names} & {*route.methods}) for names in (READS, WRITES))
        assert (bool(access.read), bool(access.write)) == (has_reads, has_writes), route


@pytest.mark.parametrize("caller", CALLERS)
def test_only_those_in_the_table_come_in(new_client, settings, caller):
    settings.ANONYMOUS_API_READ = caller == "visitor"
    wrong = []
    for route in OWN_ROUTES:
        access = TABLE[route.pattern]
        for method in route.methods:
            allowed = access.read if method in READS else access.write
            if is_refused(call(new_client(caller), method, route.path)) != (caller not in allowed):
                wrong.append(f"{method} {route.pattern}")
    assert not wrong


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller != "staff"])
def test_the_admin_pages_are_closed(new_client, caller):
    client = new_client(caller)
    open_to_caller = [route.pattern for route in ADMIN_ROUTES if not is_refused(client.get(route.path))]
    assert open_to_caller == ["staff/admin/logout/"]  # which answers 405, and signs out only by POST


def test_staff_with_the_right_to_them_read_the_admin_pages(new_client):
    client = new_client("staff")
    lists = [route for route in ADMIN_ROUTES if re.fullmatch(r"staff/admin/\w+/\w+/", route.pattern)]
    assert len(lists) > 10
    assert [route.pattern for route in lists if client.get(route.path).status_code != 200] == []


def test_staff_without_rights_see_nothing_in_the_admin_pages(db):
    client = signed_in("helper", is_staff=True)
    for route in ADMIN_ROUTES:
        if "/catalog/" in route.pattern or "/recommender/" in route.pattern or "/auth/" in route.pattern:
            assert client.get(route.path).status_code in (302, 403, 404), route


def test_every_write_from_a_browser_needs_the_csrf_token(db):
    client = signed_in("staff", is_staff=True, enforce_csrf_checks=True)
    unprotected = [
        f"{method} {route.pattern}"
        for route in ROUTES
        for method in route.methods
        if method in WRITES and call(client, method, route.path).status_code not in (403, 405)
    ]
    assert not unprotected


def test_a_write_of_a_visitor_needs_the_token_too_and_one_of_a_program_does_not(db):
    event = json.dumps({"item": "nothing", "kind": "view"})
    browser = Client(enforce_csrf_checks=True)
    refused = browser.post("/api/v1/interactions", event, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    browser.get("/sign-in/")
    token = {"X-CSRFToken": browser.cookies["csrftoken"].value}
    taken = browser.post("/api/v1/interactions", event, content_type="application/json", headers=token)
    assert taken.status_code not in (401, 403), taken.content
    program = with_key("write", enforce_csrf_checks=True)
    assert program.post("/api/v1/items", "{}", content_type="application/json").status_code == 400


def test_a_search_by_post_writes_nothing_and_needs_no_token(db):
    body = json.dumps({"q": "a"})
    response = Client(enforce_csrf_checks=True).post("/api/v1/search", body, content_type="application/json")
    assert response.status_code == 200


def test_the_answer_to_a_stranger_tells_how_to_come_in(db, settings):
    settings.ANONYMOUS_API_READ = False
    response = Client().get("/api/v1/search", {"q": "a"})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert response.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "bearer sk_" + "x" * 40, "Bearer \u00e9"])
def test_a_key_that_is_none_is_refused_and_never_taken_for_a_visitor(db, header):
    response = Client().get("/api/v1/search", {"q": "a"}, headers={"Authorization": header})
    assert (response.status_code, response.json()["code"]) == (401, "invalid_key")


def test_a_revoked_key_is_worth_nothing(db):
    client = with_key("admin")
    assert client.get("/api/v1/items").status_code == 200
    ApiKey.objects.update(revoked_at="2026-01-01T00:00:00Z")
    assert client.get("/api/v1/items").status_code == 401
