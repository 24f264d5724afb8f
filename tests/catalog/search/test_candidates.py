"""The candidate set under filters, with each of its plans: a filter never underfills a search by meaning."""

import random

import numpy as np
import pytest
from django.db import connection

from catalog.models import IndexVersion, Item
from catalog.search import SearchQuery, dense, scope, search
from catalog.search.candidates import ITEMS_PER_LEG, find_candidates
from catalog.search.lexical import Words, read_words
from catalog.search.predicates import predicate
from tests.databases import database, undone
from tests.factories import add_passages, make_item, make_items, make_version
from workers.scratch import using

DIMENSIONS = 8
ITEMS = 4_000
#: One item in this many has the mark; from a half to less than one in a thousand.
EVERY = [2, 10, 100, 1_500]


def random_vectors(count, seed=1):
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSIONS))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


VECTORS = random_vectors(ITEMS)


@pytest.fixture(scope="module")
def many_items_database(template_database, django_db_blocker):
    """Items with random vectors, and marks for filters."""
    with database(django_db_blocker, template=template_database) as name:
        with django_db_blocker.unblock(), using(name):
            fill()
        yield name


def fill():
    rows = [
        {
            "external_id": f"{number:04}",
            "body": "common" + " rare" * (number % 40 == 0),
            "attributes": {"marks": [f"every {every}" for every in EVERY if number % every == 0], "number": number},
        }
        for number in range(ITEMS)
    ]
    for start in range(0, ITEMS, 1_000):
        make_items(rows[start : start + 1_000])
    version = make_version(dimensions=DIMENSIONS)
    ids = Item.objects.order_by("external_id").values_list("pk", flat=True)
    add_passages(version, {pk: [vector] for pk, vector in zip(ids, VECTORS, strict=True)})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_item, catalog_passage, catalog_posting")


@pytest.fixture
def many_items(many_items_database, django_db_blocker):
    with django_db_blocker.unblock(), undone(many_items_database):
        yield


@pytest.fixture(params=["exact", "through the graph"])
def plan(request, monkeypatch):
    """Force every filtered search to use one plan or the other."""
    monkeypatch.setattr(scope, "EXACT_UP_TO_ITEMS", ITEMS if request.param == "exact" else 0)
    return request.param


@pytest.mark.parametrize("every", EVERY)
def test_a_filtered_search_fills_its_pages_and_finds_the_nearest(many_items, plan, every):
    query = random_vectors(1, seed=every)[0]
    matching = np.arange(0, ITEMS, every)
    for text in ("", "rare"):
        results = search(
            SearchQuery(text=text, vector=tuple(query), filter=f'marks = "every {every}"', limit=100, facets=("marks",))
        )
        assert len(results.hits) == min(100, len(matching))
        assert all(int(hit.item.external_id) % every == 0 for hit in results.hits)
        assert results.total >= min(ITEMS_PER_LEG, len(matching))
    by_meaning = search(SearchQuery(vector=tuple(query), filter=f'marks = "every {every}"', limit=10))
    nearest = matching[np.argsort(-(VECTORS[matching] @ query))][:10]
    found = [int(hit.item.external_id) for hit in by_meaning.hits]
    assert len(set(found) & set(nearest.tolist())) >= 0.8 * len(nearest)


def test_an_exact_scan_finds_exactly_the_nearest(many_items, monkeypatch):
    monkeypatch.setattr(scope, "EXACT_UP_TO_ITEMS", ITEMS)
    for seed in range(5):
        query = random_vectors(1, seed=seed)[0]
        results = search(SearchQuery(vector=tuple(query), filter="number >= 2000", limit=20))
        nearest = 2_000 + np.argsort(-(VECTORS[2_000:] @ query))[:20]
        assert [int(hit.item.external_id) for hit in results.hits] == nearest.tolist()


def test_without_a_filter_the_nearest_come_through_the_graph(many_items):
    query = random_vectors(1, seed=7)[0]
    results = search(SearchQuery(vector=tuple(query), limit=20))
    nearest = np.argsort(-(VECTORS @ query))[:20]
    assert len({int(hit.item.external_id) for hit in results.hits} & set(nearest.tolist())) >= 18


def test_both_plans_find_the_same_by_words(many_items, monkeypatch):
    wanted = predicate("number < 1000")
    expected = sorted(Item.objects.ids_by_external_id(f"{number:04}" for number in range(0, 1_000, 40)).values())
    found = []
    for exact in (ITEMS, 0):
        monkeypatch.setattr(scope, "EXACT_UP_TO_ITEMS", exact)
        by_words = find_candidates(words=read_words("rare"), wanted=wanted)
        found.append(by_words.item_ids.tolist())
    assert found[0] == found[1] == expected


@pytest.mark.parametrize(("text", "total"), [("rare", 25), ("xyzzyq", 0), ("the", 0)])
def test_words_alone_find_only_what_holds_them(many_items, plan, text, total):
    results = search(SearchQuery(text=text, filter="number < 1000", semantic_ratio=0, limit=100))
    assert len(results.hits) == results.total == results.close_total == total


def test_a_filter_that_nothing_meets_finds_nothing(many_items, plan):
    query = tuple(random_vectors(1)[0])
    results = search(SearchQuery(text="rare", vector=query, filter="number > 1000000", facets=("number", "marks")))
    assert results.hits == ()
    assert results.total == results.close_total == 0
    assert results.facets == {"marks": []}
    assert results.facet_stats == {}


def test_the_candidates_of_a_filter_are_the_same_every_time(many_items, plan):
    query = random_vectors(1, seed=3)[0]
    wanted = predicate("number >= 1000")
    runs = [
        find_candidates(
            words=read_words("rare"), version=IndexVersion.objects.active(), vector=query, wanted=wanted
        ).item_ids.tolist()
        for _ in range(3)
    ]
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.django_db
def test_every_candidate_has_both_scores_whichever_leg_found_it():
    version = make_version()
    near, named = make_item("near", title="Something"), make_item("named", title="Whale")
    add_passages(version, {near.pk: [[1, 0, 0]], named.pk: [[0.6, 0.8, 0], [0, 1, 0]]})
    found = find_candidates(words=read_words("whale"), version=version, vector=[1, 0, 0])
    assert found.item_ids.tolist() == [near.pk, named.pk]
    assert found.cosines.tolist() == pytest.approx([1, 0.6], abs=1e-3)
    assert found.keyword_scores[0] == 0 < found.keyword_scores[1]
    assert found.matched_idf[0] == 0 < found.matched_idf[1]
    assert found.spans[1] == (0, 1_000_000)


@pytest.mark.django_db
def test_the_best_of_several_passages_counts():
    version = make_version()
    item = make_item("x")
    add_passages(version, {item.pk: [[0, 1, 0], [0.8, 0.6, 0], [0, 0, 1]]})
    assert find_candidates(words=Words(), version=version, vector=[1, 0, 0]).cosines.tolist() == pytest.approx(
        [0.8], abs=1e-3
    )


@pytest.mark.django_db
def test_items_with_many_passages_do_not_crowd_out_the_others_under_a_filter():
    version = make_version()
    ids = make_items([{"external_id": str(n), "attributes": {"n": n}} for n in range(30)])
    generator = random.Random(1)
    crowd = [[1, generator.random() * 0.01, 0] for _ in range(dense.PASSAGES_READ[0] + 50)]
    add_passages(version, {pk: crowd if name == "0" else [[0.5, 0.5, 0.1]] for name, pk in ids.items()})
    results = search(SearchQuery(vector=(1.0, 0.0, 0.0), filter="n < 25", limit=30))
    assert len(results.hits) == 25
    assert results.hits[0].item.external_id == "0"


@pytest.mark.django_db
def test_vectors_of_another_version_are_never_mixed_in():
    active, other = make_version(), make_version(dimensions=2, state="building")
    item = make_item("x")
    add_passages(other, {item.pk: [[1, 0]]})
    assert len(find_candidates(words=Words(), version=active, vector=[1, 0, 0]).item_ids) == 0
    assert len(find_candidates(words=Words(), version=other, vector=[1, 0]).item_ids) == 1
