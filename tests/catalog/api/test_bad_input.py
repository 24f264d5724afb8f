"""How the API answers wrong or hostile parameters: with a code, the field, and what would be right."""

from __future__ import annotations

import time

import pytest

from catalog.models import Item
from tests.callers import problem
from tests.catalog.api.posting import SEARCH, post
from tests.factories import make_item, make_items, make_rule, make_synonym, make_version

SUGGEST, ANSWERS, RULES, SYNONYMS = (f"/api/v1/{name}" for name in ("suggest", "answers", "rules", "synonyms"))
READING = ["/api/v1/search?q=a", "/api/v1/suggest?q=a", "/api/v1/items", RULES, SYNONYMS]


@pytest.mark.parametrize(
    ("query", "code"),
    [("", "required"), ("q=", "blank"), ("q=%20%09%20", "blank"), ("q=" + "x" * 2001, "max_length")],
    ids=["none", "empty", "spaces", "2,001 characters"],
)
@pytest.mark.parametrize("path", [SEARCH, SUGGEST])
def test_a_query_that_is_none_is_refused(somebody, path, query, code):
    problem(somebody.get(f"{path}?{query}"), 400, code, "q")


def test_a_query_of_2000_characters_is_answered(somebody):
    for path in (SEARCH, SUGGEST):
        assert somebody.get(path, {"q": "x" * 2000}).status_code == 200
    assert post(somebody, {"q": "x" * 2000}, ANSWERS).status_code == 200


@pytest.mark.parametrize("path", [SEARCH, SUGGEST, "/api/v1/items", RULES, SYNONYMS])
@pytest.mark.parametrize(
    ("raw", "code"), [("a%00b", "null_characters_not_allowed"), ("%ED%A0%80", "not_utf8"), ("%FF", "not_utf8")]
)
def test_parameters_that_are_no_text_are_refused(administrator, path, raw, code):
    problem(administrator.get(f"{path}?q={raw}"), 400, code)


@pytest.mark.parametrize("text", [r"a\u0000b", r"\ud800"])
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (SEARCH, '{"q": "%s"}', "q"),
        (ANSWERS, '{"q": "%s"}', "q"),
        (RULES, '{"queries": "%s"}', "queries"),
        (SYNONYMS, '{"words": ["tv", "%s"]}', "words.1"),
    ],
)
def test_bodies_with_what_is_no_text_are_refused(administrator, path, body, field, text):
    errors = problem(post(administrator, body % text, path), 400, None, field)["errors"]
    code = next(row["code"] for row in errors if row["field"] == field)
    assert code in ("null_characters_not_allowed", "surrogate_characters_not_allowed")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (RULES, r'{"name": "a", "condition": "\ud800"}', "condition"),
        (RULES, r'{"name": "a", "\ud800": 1}', "\ud800"),
        ("/api/v1/reindex-runs", r'{"model": "a", "backend": "\udfff x"}', "backend"),
        ("/v1/embeddings", r'{"model": "default", "input": "a", "encoding_format": "\ud800"}', None),
    ],
)
def test_an_error_may_quote_what_is_no_text(administrator, path, body, field):
    response = post(administrator, body, path)
    assert response.status_code == 400
    assert "ud" in response.content.decode()
    if field is not None:
        problem(response, 400, None, field)


@pytest.mark.parametrize(
    "parameters",
    [
        {"limit": "1000000000"},
        {"limit": "-1"},
        {"limit": "0"},
        {"limit": "ten"},
        {"limit": "NaN"},
        {"limit": "9" * 5000},
        {"offset": "10001"},
        {"offset": "-1"},
        {"semantic_ratio": "NaN"},
        {"semantic_ratio": "1.1"},
        {"threshold": "Infinity"},
        {"threshold": "NaN"},
        {"highlight": "perhaps"},
        {"version": "x"},
        {"version": str(10**30)},
        {"sort": "password"},
        {"sort": "-title--"},
        {"facets": "password"},
        {"rerank": "true"},
        {"correct": "perhaps"},
        {"explain": "2"},
        {"personalize": "perhaps"},
        {"visitor": "somebody"},
        {"visit": "today"},
        {"color": "red"},
    ],
    ids=lambda parameters: "-".join(f"{name}={value[:12]}" for name, value in parameters.items()),
)
def test_parameters_out_of_bounds_are_refused_by_name(somebody, parameters):
    response = somebody.get(SEARCH, {"q": "a", **parameters})
    body = problem(response, 400, None, next(iter(parameters)))
    assert len(body["detail"]) < 1_000


@pytest.mark.parametrize("limit", ["1000000000", "-1", "0", "ten", "NaN", "9" * 5000])
@pytest.mark.parametrize("path", READING)
def test_a_limit_that_is_none_is_refused_everywhere(administrator, path, limit):
    problem(administrator.get(f"{path}{'&' if '?' in path else '?'}limit={limit}"), 400, None, "limit")


@pytest.mark.parametrize("path", READING)
def test_unknown_parameters_are_refused_everywhere(administrator, path):
    body = problem(administrator.get(f"{path}{'&' if '?' in path else '?'}lmit=3"), 400, "unknown_parameter", "lmit")
    assert "limit" in body["detail"], "the error names the parameters there are"


def test_parameters_are_refused_where_there_are_none(somebody):
    item = make_item("a")
    problem(somebody.get(f"/api/v1/items/{item.pk}?fields=title"), 400, "unknown_parameter", "fields")


@pytest.mark.parametrize("path", [SEARCH, ANSWERS, RULES, SYNONYMS])
def test_unknown_fields_of_a_body_are_refused(administrator, path):
    problem(post(administrator, {"q": "a", "_connector": "OR"}, path), 400, None, "_connector")


def test_a_parameter_given_twice_is_refused(somebody):
    problem(somebody.get(f"{SEARCH}?q=a&q=b"), 400, "repeated_parameter", "q")


def test_names_of_facets_may_stand_together_or_apart(somebody):
    make_items([{"external_id": "a", "attributes": {"year": 1999, "genres": ["Drama"]}}])
    together = somebody.get(f"{SEARCH}?q=a&facets=genres,category").json()["facets"]
    apart = somebody.get(f"{SEARCH}?q=a&facets=genres&facets=category").json()["facets"]
    assert together == apart
    assert set(together) == {"genres", "category"}


@pytest.mark.parametrize("path", ["/api/v1/items", RULES, SYNONYMS])
@pytest.mark.parametrize("cursor", ["1", "1:abc", "", "'; DROP TABLE catalog_item; --", "x" * 5000, "1:" + "A" * 43])
def test_a_forged_cursor_is_refused(administrator, path, cursor):
    problem(administrator.get(path, {"cursor": cursor}), 400, "invalid_cursor", "cursor")


@pytest.mark.parametrize(
    "vector", [[1.0, 2.0], [0.1] * 4, [float("nan"), 0, 0], [float("inf"), 0, 0], ["x", 0, 0], [0, 0, 0]]
)
def test_a_vector_that_is_none_of_the_index_is_refused(somebody, vector):
    make_version(dimensions=3)
    problem(post(somebody, {"vector": vector}), 400)


def test_numbers_too_large_for_a_vector_are_refused(somebody):
    make_version(dimensions=3)
    problem(
        post(somebody, '{"vector": [1e999, 0, 0]}'), 400, post(somebody, '{"vector": [1e999, 0, 0]}').json()["code"]
    )


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("year >", 6),
        ("year >= 1990 AND", 16),
        ("(year = 1990", 12),
        ("year ~ 3", 5),
        ("year = 1990 genres = Drama", 12),
        ("colour = red", 0),
        ("year = 1990 AND colour = red", 16),
        ("year = tall", 7),
        ('year = "1990"', 7),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/search", "/api/v1/items"])
def test_a_filter_that_is_wrong_is_refused_with_the_place_and_what_would_be_right(somebody, path, text, position):
    make_items([{"external_id": "a", "attributes": {"year": 1999, "genres": ["Drama"]}}])
    parameters = {"filter": text} | ({"q": "a"} if path == SEARCH else {})
    body = problem(somebody.get(path, parameters), 400, "invalid_filter", "filter")
    assert body["errors"][0]["position"] == position
    assert body["errors"][0]["expected"]


@pytest.mark.parametrize(
    "text",
    [
        "_connector = OR",
        "password__startswith = a",
        "interactions__user__password = a",
        "pk = 1",
        "attributes__year = 1999",
        "published = false",
        "year = 1 OR 1=1",
        "title = x'; DROP TABLE catalog_item; --",
    ],
)
def test_a_filter_reaches_nothing_but_attributes(somebody, text):
    make_items([{"external_id": "a", "attributes": {"year": 1999}}])
    problem(somebody.get("/api/v1/items", {"filter": text}), 400, "invalid_filter", "filter")
    problem(somebody.get(SEARCH, {"q": "a", "filter": text}), 400, "invalid_filter", "filter")
    problem(post(somebody, {"q": "a", "filter": text}, ANSWERS), 400, "invalid_filter", "filter")
    assert Item.objects.count() == 1


@pytest.mark.parametrize("text", ["(" * 500, "NOT " * 900 + "year = 1", "year IN [" + "1," * 300 + "1]", "x" * 4001])
def test_a_filter_without_end_is_refused(somebody, text):
    problem(somebody.get("/api/v1/items", {"filter": text}), 400, "invalid_filter", "filter")


@pytest.mark.parametrize(
    "text", ["(a+)+$" * 100 + "!", "a" * 1990 + "!", ".*" * 900, "%' OR 1=1 --", "\\", "(?P<a", "*:*"]
)
def test_patterns_are_literal_text_and_take_bounded_time(somebody, text):
    make_items([{"external_id": "a", "title": "a" * 900}])
    make_rule("Patterns", queries=f"{text[:400]} a", hidden_items=["a"])
    make_synonym(["a+", f"{text[:90]} a"])
    for ask in (
        lambda: somebody.get(SEARCH, {"q": text}),
        lambda: somebody.get(SUGGEST, {"q": text}),
        lambda: post(somebody, {"q": text}, ANSWERS),
    ):
        started = time.monotonic()
        assert ask().status_code == 200
        assert time.monotonic() - started < 5


def test_a_title_is_given_as_text_and_nothing_runs(somebody):
    title = "<script>alert(1)</script> heist"
    make_item("a", title)
    hit = somebody.get(SEARCH, {"q": "heist"}).json()["hits"][0]
    assert hit["title"] == title
    assert "".join(part["text"] for part in hit["highlights"]["title"]) == title
    response = somebody.get(SEARCH, {"q": "<script>"})
    assert response["Content-Type"] == "application/json"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "script-src" not in response["Content-Security-Policy"]
    assert "default-src 'self'" in response["Content-Security-Policy"]
