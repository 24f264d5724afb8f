"""The API does what its OpenAPI document says: requests drawn from it get answers that it describes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator  # type: ignore[import-untyped]
from rest_framework.test import APIClient

from catalog.http.openapi import document
from catalog.http.problems import CONTENT_TYPE
from tests.callers import with_key
from tests.factories import make_items, make_version

DOCUMENT = document()
#: These start work of minutes, or take files.
LEFT_OUT = {"start_reindex", "import_file", "create_embeddings"}
OPERATIONS = {
    own["operationId"]: (method, path, own)
    for path, methods in DOCUMENT["paths"].items()
    for method, own in methods.items()
    if own["operationId"] not in LEFT_OUT
}
#: Any text may be sent; the database stores all of it but NUL.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def nullable(schema: Any) -> Any:
    """The schema as JSON Schema, which has another word for `nullable` and no `format` to check."""
    if isinstance(schema, list):
        return [*map(nullable, schema)]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace("#/components/schemas/", "#/definitions/")}
    plain = {name: nullable(value) for name, value in schema.items() if name not in ("nullable", "format")}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


DEFINITIONS = {name: nullable(schema) for name, schema in DOCUMENT["components"]["schemas"].items()}


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that the schema allows."""
    schema = resolved(schema)
    if either := schema.get("oneOf") or schema.get("anyOf"):
        drawn = st.one_of([values(own) for own in either])
    elif "allOf" in schema:
        (own,) = schema["allOf"]
        drawn = values(own)
    elif "enum" in schema:
        drawn = st.sampled_from(schema["enum"])
    else:
        drawn = _of_type(schema)
    return drawn | st.none() if schema.get("nullable") else drawn


def _of_type(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema.get("type"):
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum")) | st.integers(1, 5)
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "array":
            most = min(schema.get("maxItems", 4), 4)
            return st.lists(values(schema["items"]), min_size=schema.get("minItems", 0), max_size=most)
        case "object":
            required = schema.get("required", ())
            known = {name: values(own) for name, own in schema.get("properties", {}).items()}
            return st.fixed_dictionaries(
                {name: own for name, own in known.items() if name in required},
                optional={name: own for name, own in known.items() if name not in required},
            )
        case "string" if schema.get("format") == "uuid":
            return st.uuids().map(str)
        case "string" if schema.get("format") == "date-time":
            return st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
        case "string":
            return TEXT | st.sampled_from(["item-0", "x", "year > 1", "year"])
    return ANYTHING


def requests(
    method: str, path: str, operation: dict[str, Any], ids: list[int]
) -> st.SearchStrategy[tuple[str, dict[str, Any], Any]]:
    """A path, a query and a body, each as described or something else."""
    asked = [own for own in operation.get("parameters", ()) if own["in"] == "query"]
    query = st.fixed_dictionaries(
        {},
        optional={own["name"]: (values(own["schema"]) | TEXT).filter(lambda value: value is not None) for own in asked},
    )
    place = re.sub(r"{(?:pk|id)}", "{}", path)
    keys = st.uuids() if "receipts" in path else st.sampled_from(ids)
    paths = keys.map(place.format) if "{}" in place else TEXT.map(lambda name: place.replace("{name}", quote(name, "")))
    content = operation.get("requestBody", {}).get("content", {})
    body = values(content["application/json"]["schema"]) | ANYTHING if content else st.none()
    return st.tuples(paths, st.just({}) if method in ("post", "put", "patch", "delete") else query, body)


@pytest.fixture
def caller(db) -> APIClient:
    client = with_key("admin")
    client.raise_request_exception = False
    return client


@pytest.fixture
def ids(caller) -> list[int]:
    """Ids of a row of each kind, and one of nothing."""
    found = [*make_items([{"external_id": f"item-{number}"} for number in range(3)]).values(), make_version().pk, 0]
    for path, body in (
        ("rules", {"name": "First", "queries": "x", "hidden_items": ["item-0"]}),
        ("synonyms", {"words": ["x", "y"]}),
        ("query-sets", {"name": "Set", "queries": ["x"]}),
    ):
        found.append(caller.post(f"/api/v1/{path}", body, format="json").json()["id"])
    return found


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_answers_are_those_that_it_describes(caller, ids, name):
    method, path, operation = OPERATIONS[name]

    @settings(max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(requests(method, path, operation, ids))
    def check(request: tuple[str, dict[str, Any], Any]) -> None:
        where, query, body = request
        sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        _check(getattr(caller, method)(where, **({"data": query} if method == "get" else sent)), operation)

    check()


def _check(response: Any, operation: dict[str, Any]) -> None:
    told = operation["responses"]
    assert response.status_code < 500, response.content
    assert str(response.status_code) in told or response.status_code >= 400
    described = told.get(str(response.status_code), told["default"]).get("content", {})
    if not described:
        assert not response.content
        return
    media_type = response["Content-Type"]
    assert media_type in described
    if media_type in ("application/json", CONTENT_TYPE):
        content = b"".join(response.streaming_content) if response.streaming else response.content
        schema = nullable(described[media_type]["schema"]) | {"definitions": DEFINITIONS}
        faults: Iterator[Any] = Draft4Validator(schema).iter_errors(json.loads(content))
        assert not [f"{list(fault.absolute_path)}: {fault.message}" for fault in faults]
