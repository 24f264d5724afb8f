"""Rules and synonyms through the API."""

import pytest

from catalog.models import AuditEntry, SearchRule, Synonym
from tests.callers import problem
from tests.factories import make_items, make_rule, make_synonym

RULES = "/api/v1/rules"
SYNONYMS = "/api/v1/synonyms"
RULE = {"name": "Whales first", "queries": "whale", "pins": [{"item": "a", "position": 1}]}


@pytest.fixture
def items(db):
    return make_items([{"external_id": name, "title": "Whale", "attributes": {"year": 1990}} for name in "abc"])


def test_a_rule_is_made_read_changed_replaced_and_deleted(administrator, items):
    created = administrator.post(RULES, RULE, format="json")
    assert created.status_code == 201, created.content
    address = created["Location"]
    body = created.json()
    assert address == f"{RULES}/{body['id']}"
    assert administrator.get(address).json() == body
    assert (body["condition"], body["enabled"], body["hidden_items"], body["boosts"]) == ("equals", True, [], [])

    changed = administrator.patch(
        address, {"boosts": [{"filter": "year > 1980", "amount": 0.25}]}, format="json"
    ).json()
    assert (changed["boosts"], changed["pins"]) == ([{"filter": "year > 1980", "amount": 0.25}], RULE["pins"])
    replaced = administrator.put(
        address, {"name": "Other", "condition": "always", "hidden_items": ["b"]}, format="json"
    )
    assert replaced.json()["pins"] == []
    assert administrator.get("/api/v1/search", {"q": "whale"}).json()["total"] == 2

    assert administrator.delete(address).status_code == 204
    problem(administrator.get(address), 404)
    actions = [(entry.action, entry.detail["key"][:5]) for entry in AuditEntry.objects.order_by("pk")]
    assert actions == [(f"rule.{name}", "admin") for name in ("create", "change", "change", "delete")]


def test_rules_are_listed_in_pages_and_searched(administrator, items):
    for number in range(3):
        make_rule(f"Rule {number}", queries=f"word{number}", hidden_items=["a"])
    first = administrator.get(RULES, {"limit": 2}).json()
    second = administrator.get(RULES, {"limit": 2, "cursor": first["next"]}).json()
    assert [row["name"] for row in first["results"] + second["results"]] == ["Rule 0", "Rule 1", "Rule 2"]
    assert second["next"] is None
    assert [row["name"] for row in administrator.get(RULES, {"q": "WORD1"}).json()["results"]] == ["Rule 1"]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"name": ""}, "name", "blank"),
        ({"name": "x" * 101}, "name", "max_length"),
        ({"name": "Taken"}, "name", "invalid_rule"),
        ({"condition": "sometimes"}, "condition", "invalid_choice"),
        ({"queries": " , "}, "queries", "invalid_rule"),
        ({"queries": ", ".join(["word"] * 21)}, "queries", "invalid_rule"),
        ({"colour": "red"}, "colour", "unknown_parameter"),
        ({"pins": "a"}, "pins", "not_a_list"),
        ({"pins": [{"item": "a"}]}, "pins.0.position", "required"),
        ({"pins": [{"item": "a", "position": 0}]}, "pins.0.position", "invalid_rule"),
        ({"pins": [{"item": "a", "position": 10**30}]}, "pins.0.position", "invalid_rule"),
        ({"pins": [{"item": "a", "position": 1}, {"item": "z", "position": 2}]}, "pins.1.item", "invalid_rule"),
        ({"pins": [{"item": "a", "position": 1}, {"item": "a", "position": 2}]}, "pins.1.item", "invalid_rule"),
        ({"pins": [{"item": "a", "position": 1}, {"item": "b", "position": 1}]}, "pins.1.position", "invalid_rule"),
        ({"pins": [{"item": "a", "position": 1, "x": 1}]}, "pins.0.x", "unknown_parameter"),
        ({"pins": [{"item": "a", "position": n} for n in range(1, 52)]}, "pins", "invalid_rule"),
        ({"hidden_items": ["a"]}, "hidden_items.0", "invalid_rule"),
        ({"hidden_items": ["b", "zzz"]}, "hidden_items.1", "invalid_rule"),
        ({"hidden_items": [str(n) for n in range(201)]}, "hidden_items", "invalid_rule"),
        ({"hidden_items": ["a\0"]}, "hidden_items.0", "null_characters_not_allowed"),
        ({"hide_filter": "year >"}, "hide_filter", "invalid_rule"),
        ({"hide_filter": "password__startswith = x"}, "hide_filter", "invalid_rule"),
        ({"boosts": [{"filter": "year > 1", "amount": 0}]}, "boosts.0.amount", "invalid_rule"),
        ({"boosts": [{"filter": "year > 1", "amount": 0.51}]}, "boosts.0.amount", "invalid_rule"),
        ({"boosts": [{"filter": "year > 1", "amount": "much"}]}, "boosts.0.amount", "invalid"),
        ({"boosts": [{"filter": "((", "amount": 0.1}]}, "boosts.0.filter", "invalid_rule"),
        ({"boosts": [{"filter": "year > 1", "amount": 0.1}] * 21}, "boosts", "invalid_rule"),
        ({"starts_at": "2030-01-02T00:00Z", "ends_at": "2030-01-01T00:00Z"}, "ends_at", "invalid_rule"),
        ({"starts_at": "soon"}, "starts_at", "invalid"),
        ({"pins": []}, "", "invalid_rule"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_at_fault(administrator, items, change, field, code):
    make_rule("Taken", hidden_items=["c"])
    body = problem(administrator.post(RULES, RULE | change, format="json"), 400, field=field)
    assert next(row["code"] for row in body["errors"] if row["field"] == field) == code
    assert SearchRule.objects.count() == 1


def test_a_row_is_whole_even_where_a_rule_is_only_changed(administrator, items):
    rule = make_rule("Whales", hidden_items=["a"])
    problem(administrator.patch(f"{RULES}/{rule.pk}", {"pins": [{"item": "b"}]}, format="json"), 400, "required")
    problem(administrator.patch(f"{RULES}/{rule.pk}", {"boosts": [{"amount": 0.1}]}, format="json"), 400, "required")


def test_every_fault_is_told_at_once(administrator, items):
    rule = RULE | {"pins": [{"item": "z", "position": 0}], "hide_filter": "nothing = 1"}
    body = problem(administrator.post(RULES, rule, format="json"), 400, "invalid_rule")
    assert [row["field"] for row in body["errors"]] == ["pins.0.item", "pins.0.position", "hide_filter"]


def test_hits_say_that_they_are_pinned_and_by_which_rule(administrator, items):
    make_rule(
        "Whales first", pins=[{"item": "c", "position": 1}], boosts=[{"filter": "external_id = b", "amount": 0.1}]
    )
    hits = administrator.get("/api/v1/search", {"q": "whale", "explain": "true"}).json()["hits"]
    assert [(hit["external_id"], hit["pinned"]) for hit in hits] == [("c", True), ("b", False), ("a", False)]
    assert [hit["explanation"]["rules"] for hit in hits] == [["Whales first"], ["Whales first"], []]
    assert hits[1]["explanation"]["boost"] == pytest.approx(0.1)
    for hit in hits:
        why = hit["explanation"]
        parts = why["keyword_contribution"] + why["semantic_contribution"] + why["boost"]
        assert parts == pytest.approx(hit["score"], abs=1e-6)


def test_a_synonym_is_made_read_changed_and_deleted(administrator):
    created = administrator.post(SYNONYMS, {"words": ["tv", "television"]}, format="json")
    assert created.status_code == 201, created.content
    address = created["Location"]
    assert administrator.get(address).json() == created.json()
    changed = administrator.patch(address, {"enabled": False}, format="json").json()
    assert (changed["words"], changed["enabled"]) == (["tv", "television"], False)
    replaced = administrator.put(address, {"words": ["tv"], "alternatives": ["telly"]}, format="json").json()
    assert (replaced["alternatives"], replaced["enabled"]) == (["telly"], True)
    assert administrator.delete(address).status_code == 204
    problem(administrator.get(address), 404)
    actions = [entry.action for entry in AuditEntry.objects.order_by("pk")]
    assert actions == [f"synonym.{name}" for name in ("create", "change", "change", "delete")]


def test_synonyms_are_listed_and_searched(administrator):
    make_synonym(["tv", "television"])
    make_synonym(["phone"], ["telephone"])
    listed = administrator.get(SYNONYMS, {"limit": 1}).json()
    assert [row["words"] for row in listed["results"]] == [["tv", "television"]]
    assert listed["next"]
    assert [row["words"] for row in administrator.get(SYNONYMS, {"q": "TELEPHONE"}).json()["results"]] == [["phone"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "words"),
        ({"words": []}, "words"),
        ({"words": ["tv"]}, "words"),
        ({"words": ["tv", "!"]}, "words"),
        ({"words": ["tv"], "alternatives": ["TV"]}, "alternatives"),
        ({"words": "tv"}, "words"),
        ({"words": ["x" * 101, "y"]}, "words.0"),
        ({"words": ["a b c d e f g h i", "y"]}, "words"),
        ({"words": [str(n) for n in range(51)]}, "words"),
        ({"words": ["a", "b"], "kind": "mutual"}, "kind"),
    ],
)
def test_a_synonym_that_cannot_be_is_refused(administrator, body, field):
    problem(administrator.post(SYNONYMS, body, format="json"), 400, field=field)
    assert not Synonym.objects.exists()
