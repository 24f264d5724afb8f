"""The OpenAPI document: complete, valid and served."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from tests.callers import problem
from tests.test_permissions import OWN_ROUTES


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return SchemaGenerator().get_schema(public=True)


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, own) for path, methods in document["paths"].items() for method, own in methods.items()]


def test_every_address_and_method_of_the_api_is_in_it(document):
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    api = [route for route in OWN_ROUTES if route.pattern.startswith(("api/v1/", "v1/"))]
    routes = [route for route in api if route.pattern != "api/v1/schema"]
    served = {
        ("/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.pattern).replace("{pk}", "{id}"), method)
        for route in routes
        for method in route.methods
    }
    assert len(served) > 25
    assert {(path.replace("{pk}", "{id}"), method) for path, method in described} == served


def test_it_is_valid_and_nothing_had_to_be_guessed(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_it_names_the_ways_to_authenticate(document):
    assert document["components"]["securitySchemes"]["apiKey"] == {"type": "http", "scheme": "bearer"}
    assert set(document["components"]["securitySchemes"]) == {"apiKey", "cookieAuth"}


def test_it_is_served_to_everybody(db, settings):
    settings.ANONYMOUS_API_READ = False
    response = Client().get("/api/v1/schema")
    assert response.status_code == 200
    assert "/api/v1/search" in response.content.decode()


@pytest.mark.parametrize("asked", [{"data": {"format": "json"}}, {"headers": {"Accept": "application/json"}}])
def test_it_is_served_as_json_to_those_who_ask_for_it(db, asked):
    response = Client().get("/api/v1/schema", **asked)
    assert response["Content-Disposition"] == 'inline; filename="openapi.json"'
    assert "/api/v1/search" in response.json()["paths"]


@pytest.mark.parametrize("query", ["version=a%0d%0ab", "lang=en", "format=xml"])
def test_whoever_asks_for_something_else_is_told_what_there_is(db, query):
    problem(Client().get(f"/api/v1/schema?{query}"), 400)


def test_every_operation_describes_its_errors(document):
    for path, _, operation in operations(document):
        (media_type,) = operation["responses"]["default"]["content"]
        assert media_type == ("application/json" if path.startswith("/v1/") else "application/problem+json")


def test_bodies_say_which_fields_there_are_and_which_are_required(document):
    schemas = document["components"]["schemas"]
    for name in ("RuleBodyRequest", "PatchedRuleBodyRequest", "ItemBodyRequest", "EventBodyRequest", "MuteBodyRequest"):
        assert schemas[name]["additionalProperties"] is False
    assert schemas["MuteBodyRequest"]["required"] == ["muted"]
    assert "required" not in schemas["PatchedRuleBodyRequest"]
    assert "default" not in schemas["PatchedRuleBodyRequest"]["properties"]["enabled"]


def test_credentials_are_optional_where_anybody_may_read(settings):
    for is_open in (True, False):
        settings.ANONYMOUS_API_READ = is_open
        paths = SchemaGenerator().get_schema(public=True)["paths"]
        assert ({} in paths["/api/v1/search"]["post"]["security"]) is is_open
        assert {} not in paths["/api/v1/interactions"]["post"]["security"]
        assert {} not in paths["/api/v1/rules"]["get"]["security"]
