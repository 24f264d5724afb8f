"""The OpenAPI document: complete, valid and served."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from tests.test_permissions import OWN_ROUTES


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return SchemaGenerator().get_schema(public=True)


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
