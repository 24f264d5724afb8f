"""Two index versions side by side through the API."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.models import IndexVersion, SearchIntent
from catalog.ranking.agreement import overlap, rank_biased_overlap
from tests.callers import problem
from tests.factories import make_version
from tests.opposed_versions import make_opposed_versions

ADDRESS = "/api/v1/index-versions/compare"


@pytest.fixture
def versions(db: None, tmp_path) -> tuple[IndexVersion, IndexVersion]:
    return make_opposed_versions(tmp_path)


def compared(client: APIClient, **parameters: Any) -> dict[str, Any]:
    response = client.get(ADDRESS, {"q": "storm", **parameters})
    assert response.status_code == 200, response.content
    return dict(response.json())


def test_both_versions_tell_their_hits_with_the_places_in_the_other(administrator, versions):
    told = compared(administrator, limit=100)
    sides = told["versions"]
    assert [(side["version"], side["state"]) for side in sides] == [
        (versions[0].pk, "active"),
        (versions[1].pk, "ready"),
    ]
    assert all(side["took_ms"] > side["encoding_ms"] > 0 and not side["degraded"] for side in sides)
    rankings = [[hit["id"] for hit in side["hits"]] for side in sides]
    assert rankings[0] != rankings[1]
    for side, there in zip(sides, reversed(rankings), strict=True):
        assert [hit["place"] for hit in side["hits"]] == list(range(1, len(side["hits"]) + 1))
        for hit in side["hits"]:
            assert hit["other_place"] == (there.index(hit["id"]) + 1 if hit["id"] in there else None)
    assert told["overlap_at_10"] == pytest.approx(overlap(*rankings, k=10), abs=1e-6)
    assert told["rank_biased_overlap"] == pytest.approx(rank_biased_overlap(*rankings), abs=1e-6)
    assert 0 < told["rank_biased_overlap"] < 1
    assert not SearchIntent.objects.exists()


def test_a_limit_shortens_the_lists_and_leaves_the_agreement(administrator, versions):
    whole, short = compared(administrator, limit=100), compared(administrator, limit=2)
    assert [len(side["hits"]) for side in short["versions"]] == [2, 2]
    assert short["overlap_at_10"] == whole["overlap_at_10"]
    assert short["rank_biased_overlap"] == whole["rank_biased_overlap"]


def test_words_alone_are_the_same_in_every_version(administrator, versions):
    told = compared(administrator, semantic_ratio=0)
    assert (told["overlap_at_10"], told["rank_biased_overlap"]) == (1, 1)


def test_the_versions_may_be_named_in_either_order(administrator, versions):
    one, other = versions
    for named in ({"version": other.pk}, {"other_version": one.pk}, {"version": other.pk, "other_version": one.pk}):
        told = compared(administrator, **named)
        assert [side["version"] for side in told["versions"]] == [other.pk, one.pk]


def test_a_version_without_its_encoder_is_searched_by_words_and_says_so(administrator, versions):
    broken = make_version(state="ready")
    side = compared(administrator, other_version=broken.pk)["versions"][1]
    assert side["degraded"]
    assert "no encoder backend" in side["degraded_reason"]


def test_what_cannot_be_compared_is_refused(administrator, versions):
    one, other = versions
    for wrong, field, code in (
        ({"version": one.pk, "other_version": one.pk}, "other_version", "same_version"),
        ({"version": 999}, "version", "no_version"),
        ({"semantic_ratio": 2}, "semantic_ratio", "max_value"),
        ({"q": ""}, "q", "blank"),
    ):
        refused = problem(administrator.get(ADDRESS, {"q": "storm"} | wrong), 400)
        assert [(error["field"], error["code"]) for error in refused["errors"]] == [(field, code)]
    other.state = "retired"
    other.save()
    refused = problem(administrator.get(ADDRESS, {"q": "storm"}), 400)
    assert refused["code"] == "one_version"
