"""Query sets and measurements through the API."""

from __future__ import annotations

import pytest

from catalog.models import AuditEntry, IndexVersion, JudgedSet, Judgement, Measurement
from tests.callers import problem
from tests.factories import make_items, make_set, make_version
from workers import tasks

SETS = "/api/v1/query-sets"


@pytest.fixture
def version(db: None) -> IndexVersion:
    version = make_version()
    make_items([{"external_id": name, "title": name} for name in ("ship", "storm")])
    return version


def judged(*rows: tuple[str, str, int]) -> dict[str, object]:
    return {"judgements": [{"query": query, "item": item, "grade": grade} for query, item, grade in rows]}


def test_a_set_is_made_read_renamed_and_deleted(administrator, version):
    created = administrator.post(SETS, {"name": "Films", "queries": ["ship", "Ship ", "storm"]}, format="json")
    assert created.status_code == 201, created.content
    address = created["Location"]
    body = created.json()
    assert (address, body["name"], body["queries"], body["judged"]) == (f"{SETS}/{body['id']}", "Films", 2, 0)
    assert administrator.get(address).json() == body
    assert administrator.get(SETS).json() == {"results": [body], "next": None}
    renamed = administrator.patch(address, {"name": "Other"}, format="json").json()
    assert renamed == body | {"name": "Other"}
    assert administrator.delete(address).status_code == 204
    problem(administrator.get(address), 404)
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["query_set.create", "query_set.rename", "query_set.delete"]


def test_queries_and_judgements_are_added_and_read_in_pages(administrator, version):
    address = f"{SETS}/{make_set('Films', {'ship': {}}).pk}"
    added = administrator.post(f"{address}/queries", {"queries": ["SHIP", "storm"]}, format="json")
    assert (added.status_code, added.json()) == (201, {"queries": 1, "judgements": 0})
    rows = judged(("ship", "ship", 1), ("Ship", "ship", 3), ("ghost  story", "storm", 0))
    assert administrator.post(f"{address}/judgements", rows, format="json").json() == {"queries": 1, "judgements": 2}
    first = administrator.get(f"{address}/judgements", {"limit": 1}).json()
    second = administrator.get(f"{address}/judgements", {"limit": 1, "cursor": first["next"]}).json()
    found = [(row["query"], row["item"], row["grade"]) for row in first["results"] + second["results"]]
    assert found == [("ship", "ship", 3), ("ghost story", "storm", 0)]
    assert second["next"] is None
    queries = administrator.get(f"{address}/queries").json()["results"]
    assert [(row["text"], row["judged"], row["relevant"]) for row in queries] == [
        ("ship", 1, 1), ("storm", 0, 0), ("ghost story", 1, 0),
    ]  # fmt: skip
    administrator.post(f"{address}/judgements", judged(("ship", "ship", 2)), format="json")
    assert Judgement.objects.get(query__text="ship").grade == 2


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "name", "required"),
        ({"name": " "}, "name", "blank"),
        ({"name": "Taken"}, "name", "invalid_query_set"),
        ({"name": "New", "queries": ["x" * 201]}, "queries.0", "max_length"),
        ({"name": "New", "queries": ["x"] * 1_001}, "queries", "max_length"),
        ({"name": "New", "queries": "ship"}, "queries", "not_a_list"),
        ({"name": "New", "owner": 1}, "owner", "unknown_parameter"),
    ],
)
def test_a_set_that_cannot_be_made_is_refused_with_the_field_at_fault(administrator, version, body, field, code):
    make_set("Taken", {})
    problem(administrator.post(SETS, body, format="json"), 400, code, field)
    assert JudgedSet.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"judgements": []}, "judgements", "min_length"),
        (judged(("ship", "ship", 4)), "judgements.0.grade", "max_value"),
        (judged(("ship", "ship", 1), ("ship", "gone", 1)), "judgements.1.item", "unknown_item"),
        (judged(("", "ship", 1)), "judgements.0.query", "blank"),
        ({"judgements": [{"query": "ship", "item": "ship"}]}, "judgements.0.grade", "required"),
        (judged(*[("ship", "ship", 1)] * 1_001), "judgements", "max_length"),
    ],
)
def test_with_one_judgement_that_is_wrong_none_is_kept(administrator, version, body, field, code):
    address = f"{SETS}/{make_set('Films', {}).pk}/judgements"
    problem(administrator.post(address, body, format="json"), 400, code, field)
    assert not Judgement.objects.exists()


def test_a_measurement_is_started_carried_out_and_read(administrator, version):
    judged_set = make_set("Films", {})
    address = f"{SETS}/{judged_set.pk}"
    administrator.post(f"{address}/judgements", judged(("ship", "ship", 3)), format="json")
    started = administrator.post(f"{address}/measurements", {"semantic_ratio": 0}, format="json")
    assert started.status_code == 201, started.content
    body = started.json()
    assert (body["state"], body["query_set"], body["searches_total"]) == ("waiting", judged_set.pk, 1)
    assert [(row["version"], row["ndcg_at_10"]) for row in body["settings"]] == [(version.pk, None)]
    problem(
        administrator.post(f"{address}/measurements", {"semantic_ratio": 0}, format="json"), 409, "already_measuring"
    )
    tasks.measure_relevance()
    done = administrator.get(started["Location"]).json()
    assert (done["state"], done["searches_done"], done["settings"][0]["ndcg_at_10"]) == ("done", 1, 1.0)
    problem(administrator.post(f"{started['Location']}/cancel"), 409)
    sweep = administrator.post(f"{address}/measurements", {"kind": "sweep"}, format="json").json()
    assert len(sweep["settings"]) == 11
    cancelled = administrator.post(f"/api/v1/measurements/{sweep['id']}/cancel").json()
    assert cancelled["state"] == "cancelled"
    listed = administrator.get(f"{address}/measurements").json()["results"]
    assert [row["id"] for row in listed] == [sweep["id"], body["id"]]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"kind": "everything"}, "kind", "invalid_choice"),
        ({"kind": "versions"}, "other_version", "nothing_to_measure"),
        ({"kind": "versions", "other_version": 999}, "other_version", "nothing_to_measure"),
        ({"version": 999}, "version", "nothing_to_measure"),
        ({"version": 10**30}, "version", "nothing_to_measure"),
        ({"rerank": True}, "rerank", "nothing_to_measure"),
        ({"semantic_ratio": 1.5}, "semantic_ratio", "max_value"),
        ({"semantic_ratio": "nan"}, "semantic_ratio", None),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_field_at_fault(
    administrator, version, settings, body, field, code
):
    settings.RERANK_MODEL = ""
    judged_set = make_set("Films", {})
    address = f"{SETS}/{judged_set.pk}"
    problem(administrator.post(f"{address}/measurements", {}, format="json"), 400, "nothing_to_measure", "query_set")
    administrator.post(f"{address}/judgements", judged(("ship", "ship", 3)), format="json")
    problem(administrator.post(f"{address}/measurements", body, format="json"), 400, code, field)
    assert not Measurement.objects.exists()


def test_before_there_is_an_index_nothing_is_measured(administrator, db):
    make_items([{"external_id": "ship"}])
    address = f"{SETS}/{make_set('Films', {}).pk}"
    administrator.post(f"{address}/judgements", judged(("ship", "ship", 3)), format="json")
    problem(administrator.post(f"{address}/measurements", {}, format="json"), 400, "nothing_to_measure", "version")


def test_lists_cost_the_same_queries_whatever_they_hold(administrator, version, django_assert_num_queries):
    for number in range(3):
        judged_set = make_set(f"Set {number}", {f"query {n}": {} for n in range(3)})
        administrator.post(f"{SETS}/{judged_set.pk}/judgements", judged(("query 1", "ship", 3)), format="json")
    with django_assert_num_queries(2):  # the key, and the sets with their counts
        administrator.get(SETS)
    for name in ("queries", "judgements"):
        with django_assert_num_queries(3):  # the key, the set, and what it holds
            administrator.get(f"{SETS}/{judged_set.pk}/{name}")
