"""The page that lists what the API offers."""

from __future__ import annotations

import re
from html import unescape

import yaml
from django.test import Client

from catalog.views.api_reference import Field, groups_of

DOCUMENT = {
    "paths": {
        "/api/v1/boats": {
            "post": {
                "description": "Launch a boat.",
                "tags": ["boats"],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Boat"}}}},
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Launched"}}}},
                    "200": {},
                    "default": {},
                },
            }
        },
        "/api/v1/search": {
            "get": {
                "tags": ["search"],
                "parameters": [
                    {"name": "limit", "schema": {"type": "integer", "default": 20, "minimum": 1, "maximum": 1000}},
                    {"name": "exact", "schema": {"type": "boolean", "default": False}, "description": "As typed."},
                ],
                "responses": {"200": {}},
            }
        },
    },
    "components": {
        "schemas": {
            "Boat": {
                "properties": {
                    "rig": {"allOf": [{"$ref": "#/components/schemas/Rig"}]},
                    "crew": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["rig"],
            },
            "Launched": {
                "properties": {
                    "boats": {"type": "array", "items": {"properties": {"name": {"type": "string"}}}},
                    "crews": {
                        "type": "object",
                        "additionalProperties": {"type": "array", "items": {"$ref": "#/components/schemas/Sailor"}},
                    },
                }
            },
            "Sailor": {"type": "object", "properties": {"age": {"type": "integer", "description": "In years."}}},
            "Rig": {"enum": ["sloop", "ketch"]},
        }
    },
}


def test_operations_are_read_from_the_document_search_first():
    search, boats = groups_of(DOCUMENT)
    assert search.operations[0].parameters == (
        Field(name="limit", kind="integer, 1 to 1,000", about="", default="20", is_required=False),
        Field(name="exact", kind="boolean", about="As typed.", default="false", is_required=False),
    )
    (launch,) = boats.operations
    assert (boats.title, launch.method, launch.about, launch.statuses) == (
        "Boats",
        "POST",
        "Launch a boat.",
        "201, 200",
    )
    assert [(field.name, field.kind, field.is_required) for field in launch.body] == [
        ("rig", "sloop or ketch", True),
        ("crew", "list of string", False),
    ]
    assert [(field.name, field.kind, field.about) for field in launch.answer] == [
        ("boats", "list of anything", ""),
        ("boats[].name", "string", ""),
        ("crews", "object", ""),
        ("crews.{name}[].age", "integer", "In years."),
    ]


def test_every_operation_of_the_api_is_on_the_page(db):
    document = yaml.safe_load(Client().get("/api/v1/schema").content)
    response = Client().get("/api-reference/")
    assert response.status_code == 200
    words = unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path} " in words
    for field in ("occurred_at", "hits[].explanation.cosine", "facets.{name}[].count", "recommendations[].item.title"):
        assert f" {field} " in words
