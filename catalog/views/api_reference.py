"""A page about the API, generated from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from catalog.http.openapi import document

#: The groups that come first; the rest follow by name.
FIRST = ("search", "answers", "suggest", "recommendations", "interactions", "items")
TITLES = {"v1": "OpenAI-compatible API", "me": "The caller", "index-versions": "Index versions"}

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A parameter, or a field of a body."""

    name: str
    kind: str
    about: str
    default: str
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    method: str
    path: str
    about: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer: tuple[Field, ...]
    statuses: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    name: str
    title: str
    operations: tuple[Operation, ...]


class ApiReferenceView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "catalog/api_reference.html", {"groups": _groups()})


@lru_cache(maxsize=1)
def _groups() -> tuple[Group, ...]:
    return groups_of(document())


def groups_of(document: Schema) -> tuple[Group, ...]:
    """The operations of an OpenAPI 3.0 document by their first tag."""
    schemas = document["components"]["schemas"]
    by_tag: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            by_tag.setdefault(described["tags"][0], []).append(_operation(method, path, described, schemas))
    order = sorted(by_tag, key=lambda tag: (FIRST.index(tag) if tag in FIRST else len(FIRST), tag))
    return tuple(
        Group(name=tag, title=TITLES.get(tag, tag.replace("-", " ").capitalize()), operations=tuple(by_tag[tag]))
        for tag in order
    )


def _operation(method: str, path: str, described: Schema, schemas: Schema) -> Operation:
    return Operation(
        method=method.upper(),
        path=path,
        about=described.get("description", ""),
        parameters=tuple(
            _field(
                own["name"],
                own["schema"],
                schemas,
                about=own.get("description", ""),
                required=own.get("required", False),
            )
            for own in described.get("parameters", ())
        ),
        body=tuple(_body(described.get("requestBody", {}), schemas)),
        answer=tuple(_answer(described["responses"], schemas)),
        statuses=", ".join(status for status in described["responses"] if status != "default"),
    )


def _body(body: Schema, schemas: Schema) -> Iterator[Field]:
    content: Schema = body.get("content", {})
    form: Schema = content.get("application/json") or next(iter(content.values()), {})
    schema = _resolved(form.get("schema", {}), schemas)
    if either := schema.get("oneOf"):
        schema = _resolved(either[0], schemas)
    for name, own in schema.get("properties", {}).items():
        yield _field(name, own, schemas, about=own.get("description", ""), required=name in schema.get("required", ()))


def _answer(responses: Schema, schemas: Schema) -> Iterator[Field]:
    """The fields of the JSON that a successful operation returns."""
    for status, response in responses.items():
        if status.startswith("2") and "application/json" in response.get("content", {}):
            yield from _inner_fields(response["content"]["application/json"]["schema"], schemas, place="")
            return


def _inner_fields(schema: Schema, schemas: Schema, *, place: str) -> Iterator[Field]:
    """The fields at a place and below it, with their paths: `hits[].title`, `facets.{name}[].count`."""
    schema = _resolved(schema, schemas)
    if schema.get("type") == "array":
        yield from _inner_fields(schema["items"], schemas, place=f"{place}[]")
    elif isinstance(schema.get("additionalProperties"), dict):
        yield from _inner_fields(schema["additionalProperties"], schemas, place=f"{place}.{{name}}")
    for name, own in schema.get("properties", {}).items():
        path = f"{place}.{name}" if place else name
        yield _field(path, own, schemas, about=own.get("description", ""), required=False)
        yield from _inner_fields(own, schemas, place=path)


def _field(name: str, schema: Schema, schemas: Schema, *, about: str, required: bool) -> Field:
    default = schema.get("default")
    shown = str(default).lower() if isinstance(default, bool) else "" if default in (None, "", []) else str(default)
    return Field(name=name, kind=_kind(schema, schemas), about=about, default=shown, is_required=required)


def _resolved(schema: Schema, schemas: Schema) -> Schema:
    """A schema with references replaced by what they point to."""
    while "$ref" in schema or len(schema.get("allOf", ())) == 1:
        schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema["allOf"][0]
    return schema


def _kind(schema: Schema, schemas: Schema) -> str:
    """A short description: `list of string`, `1 to 100`, `like or save`."""
    schema = _resolved(schema, schemas)
    if either := schema.get("oneOf") or schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_kind(own, schemas) for own in either))
    if "enum" in schema:
        return " or ".join(str(value) for value in schema["enum"] if value not in (None, ""))
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'], schemas)}"
    kind = schema.get("format") or schema.get("type", "anything")
    if "minimum" in schema and "maximum" in schema:
        return f"{kind}, {schema['minimum']:,} to {schema['maximum']:,}"
    return str(kind)
