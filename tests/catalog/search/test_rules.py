"""What rules do to a search, and that a change to them takes effect at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.items.saving import delete_item
from catalog.models import Attribute, IndexVersion, Item, SearchRule, Synonym
from catalog.search import SearchQuery, search
from catalog.search.queries import Explanation, Hit
from catalog.search.rules import NO_RULES, rules_in_force
from catalog.search.similar import similar_items
from catalog.search.suggest import suggest
from tests.databases import connect
from tests.factories import add_passages, make_items, make_rule, make_synonym, make_version

EAST = (1.0, 0.0, 0.0)
WHALES = SearchQuery(text="whale", vector=EAST, explain=True)


@pytest.fixture
def items(db) -> dict[str, int]:
    """Six in this order for `whale` and EAST, and one that neither leg finds within its reach."""
    version = make_version()
    rows: list[dict[str, Any]] = [
        {"external_id": "a", "title": "Whale whale", "attributes": {"year": 2000, "tags": ["sea"]}},
        {"external_id": "b", "title": "A whale", "attributes": {"year": 1990, "tags": ["sea"]}},
        {"external_id": "c", "title": "Something with a whale in it", "attributes": {"year": 1980, "tags": ["land"]}},
        {"external_id": "d", "title": "Dolphins", "attributes": {"year": 1970, "tags": ["sea"]}},
        {"external_id": "e", "title": "Desert", "attributes": {"year": 1960}},
        {"external_id": "f", "title": "Sand", "attributes": {"year": 1950}},
        {"external_id": "lost", "title": "No vector, no word", "attributes": {"year": 1940}},
        {"external_id": "draft", "title": "Whale draft", "published": False},
    ]
    ids = make_items(rows)
    vectors: dict[str, list[float]] = {
        "a": [1, 0, 0],
        "b": [0.9, 0.1, 0],
        "c": [0.8, 0.3, 0],
        "d": [0.7, 0.5, 0],
        "e": [0, 1, 0],
        "f": [0, 0, 1],
    }
    add_passages(version, {ids[name]: [vector] for name, vector in vectors.items()})
    return ids


def why(hit: Hit) -> Explanation:
    assert hit.explanation is not None
    return hit.explanation


def names(results) -> list[str]:
    return [hit.item.external_id for hit in results.hits]


def test_without_rules_the_order_is_the_plain_one(items):
    assert names(search(WHALES)) == ["a", "b", "c", "d", "e", "f"]
    assert search(WHALES).rules == ()


def test_a_pinned_item_stands_at_its_position_even_if_nothing_found_it(items):
    rule = make_rule("Lost first", pins=[{"item": "lost", "position": 1}, {"item": "e", "position": 3}])
    results = search(WHALES)
    assert names(results) == ["lost", "a", "e", "b", "c", "d", "f"]
    assert [hit.pinned for hit in results.hits] == [True, False, True, False, False, False, False]
    assert results.total == 7
    assert results.close_total == 6
    assert results.hits[0].close
    assert [each.pk for each in results.rules] == [rule.pk]
    assert why(results.hits[0]).rules == ("Lost first",)
    assert why(results.hits[1]).rules == ()


def test_pinned_items_must_be_published_and_meet_the_filter(items):
    make_rule("Pins", pins=[{"item": "draft", "position": 1}, {"item": "e", "position": 2}])
    assert names(search(WHALES)) == ["a", "e", "b", "c", "d", "f"]
    assert names(search(SearchQuery(text="whale", vector=EAST, filter="year >= 1980"))) == ["a", "b", "c"]


def test_a_pinned_item_that_is_deleted_leaves_no_hole(items):
    make_rule("Pins", pins=[{"item": "lost", "position": 1}, {"item": "f", "position": 2}])
    delete_item(Item.objects.get(external_id="lost"))
    assert names(search(WHALES)) == ["a", "f", "b", "c", "d", "e"]


def test_what_is_pinned_is_not_counted_as_found_by_meaning(items):
    plain = search(WHALES).semantic_hit_count
    make_rule("Pins", pins=[{"item": "lost", "position": 1}])
    assert search(WHALES).semantic_hit_count == plain


def test_an_explicit_sort_knows_no_pins_and_a_threshold_leaves_them(items):
    make_rule("Pins", pins=[{"item": "lost", "position": 1}, {"item": "f", "position": 2}])
    by_year = search(SearchQuery(text="whale", vector=EAST, sort="-year"))
    assert names(by_year) == ["a", "b", "c", "d", "e", "f"]
    assert not any(hit.pinned for hit in by_year.hits)
    assert names(search(SearchQuery(text="whale", vector=EAST, threshold=1.0)))[:2] == ["lost", "f"]


def test_what_is_hidden_is_in_no_total_no_facet_and_no_page(items):
    make_rule("No sea", hide_filter="tags = sea", hidden_items=["f"])
    results = search(SearchQuery(text="whale", vector=EAST, facets=("tags",)))
    assert names(results) == ["c", "e"]
    assert results.total == 2
    assert [(value.value, value.count) for value in results.facets["tags"]] == [("land", 1)]
    filtered = search(SearchQuery(text="whale", vector=EAST, filter="year >= 1960"))
    assert names(filtered) == ["c", "e"]


def test_a_filter_fills_its_pages_with_what_is_not_hidden(items):
    make_rule("No a", condition="always", hidden_items=["a"])
    results = search(SearchQuery(text="nothing of the kind", vector=EAST, filter="year >= 1940"))
    assert sorted(names(results)) == ["b", "c", "d", "e", "f", "lost"]


def test_hiding_brings_in_nothing_that_the_query_does_not_find(items):
    make_rule("No a", hidden_items=["a"])
    assert names(search(SearchQuery(text="whale", semantic_ratio=0))) == ["b", "c"]


def test_what_is_hidden_cannot_be_pinned_by_another_rule(items):
    make_rule("Pin", pins=[{"item": "a", "position": 1}])
    make_rule("Hide", hidden_items=["a"])
    assert "a" not in names(search(WHALES))


def test_a_boost_is_added_to_the_score_and_told(items):
    plain = {hit.item.external_id: hit.score for hit in search(WHALES).hits}
    make_rule("Old ones", boosts=[{"filter": "year <= 1970", "amount": 0.4}, {"filter": "tags = sea", "amount": -0.1}])
    hits = {hit.item.external_id: hit for hit in search(WHALES).hits}
    assert hits["d"].score == pytest.approx(plain["d"] + 0.3)
    assert hits["e"].score == pytest.approx(plain["e"] + 0.4)
    assert hits["c"].score == pytest.approx(plain["c"])
    assert why(hits["d"]).rules == ("Old ones",)
    assert why(hits["c"]).rules == ()
    ordered = sorted(hits, key=lambda name: -hits[name].score)
    assert names(search(WHALES)) == ordered


def test_parts_add_up_to_the_score_where_it_is_cut_and_keep_their_order_there(items):
    make_rule("Up", boosts=[{"filter": "year >= 1980", "amount": 0.5}])
    make_rule("More", boosts=[{"filter": "year >= 1980", "amount": 0.5}])
    make_rule("Down", boosts=[{"filter": "year < 1980", "amount": -0.5}])
    hits = search(WHALES).hits
    assert [hit.item.external_id for hit in hits] == ["a", "b", "c", "d", "e", "f"]
    assert [hit.score for hit in hits[:3]] == [1, 1, 1]
    assert hits[-1].score == 0
    for hit in hits:
        parts = why(hit)
        assert parts.keyword_contribution + parts.semantic_contribution + parts.boost == pytest.approx(hit.score)
    assert why(hits[0]).rules == ("Up", "More")


@pytest.mark.parametrize(
    ("condition", "queries", "text", "applies"),
    [
        ("always", "", "anything", True),
        ("equals", "whale", "Whale!", True),
        ("equals", "whale", "white whale", False),
        ("equals", "white whale, moby dick", "moby  DICK", True),
        ("equals", "crème brûlée", "creme brulee", True),
        ("contains", "whale", "the white whale", True),
        ("contains", "whale white", "the white whale", True),
        ("contains", "whale", "whales", False),
        ("contains", "whale, dolphin", "a dolphin", True),
        ("contains", "white whale", "whale", False),
    ],
)
def test_a_rule_applies_to_the_queries_that_meet_its_condition(db, condition, queries, text, applies):
    make_item_rule = make_rule("Rule", condition=condition, queries=queries, hide_filter="external_id = x")
    assert [rule.pk for rule in rules_in_force().for_query(text)] == ([make_item_rule.pk] if applies else [])


def test_a_rule_applies_between_its_dates_and_while_it_is_enabled(items):
    now = timezone.now()
    make_rule("Over", hidden_items=["a"], starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1))
    make_rule("To come", hidden_items=["b"], starts_at=now + timedelta(hours=1))
    make_rule("Off", hidden_items=["c"], enabled=False)
    make_rule("On", hidden_items=["d"], starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=1))
    assert names(search(WHALES)) == ["a", "b", "c", "e", "f"]


def test_browsing_knows_rules_that_always_apply(items):
    make_rule("Pin", condition="always", pins=[{"item": "a", "position": 2}], hidden_items=["f"])
    results = search(SearchQuery(limit=3))
    assert names(results) == ["lost", "a", "e"]
    assert (results.total, results.hits[1].pinned) == (6, True)
    assert names(search(SearchQuery(limit=3, offset=3))) == ["d", "c", "b"]
    assert names(search(SearchQuery(sort="title"))) == ["b", "e", "d", "lost", "c", "a"]


def test_a_filter_whose_attribute_is_gone_is_passed_over(items):
    make_rule("Two", hide_filter="tags = sea", boosts=[{"filter": "year < 1960", "amount": 0.5}])
    Attribute.objects.filter(name="tags").delete()
    results = search(WHALES)
    assert "a" in names(results)
    boosted = next(hit for hit in results.hits if hit.item.external_id == "f")
    assert why(boosted).boost == pytest.approx(0.5)
    SearchRule.objects.update(hide_filter="((", boosts=[])
    assert "a" in names(search(WHALES))


def test_a_change_counts_with_the_next_search(items):
    assert "a" in names(search(WHALES))
    rule = make_rule("No a", hidden_items=["a"])
    assert "a" not in names(search(WHALES))
    SearchRule.objects.filter(pk=rule.pk).update(enabled=False)
    assert "a" in names(search(WHALES))
    SearchRule.objects.filter(pk=rule.pk).update(enabled=True)
    assert "a" not in names(search(WHALES))
    rule.delete()
    assert "a" in names(search(WHALES))
    assert rules_in_force() == NO_RULES


def test_a_change_by_another_process_counts_once_it_is_committed(committed_db):
    make_version()
    make_items([{"external_id": name, "title": "Whale"} for name in "ab"])
    make_rule("Nothing", condition="always", queries="", hidden_items=["b"])
    query = SearchQuery(text="whale", semantic_ratio=0)
    assert names(search(query)) == ["a"]
    with connect() as other:
        other.execute("UPDATE catalog_searchrule SET hidden_items = '[\"a\"]'")
        assert names(search(query)) == ["a"]
        other.commit()
        assert names(search(query)) == ["b"]


def queries_of(query: SearchQuery) -> int:
    with CaptureQueriesContext(connection) as captured:
        search(query)
    return len(captured)


@pytest.mark.parametrize(
    "query", [SearchQuery(text="whale", vector=EAST), SearchQuery(text="whale", filter="year > 0")]
)
def test_rules_that_do_not_apply_cost_nothing_once_they_are_read(items, query):
    search(query)
    plain = queries_of(query)
    make_rule("For others", queries="dolphin", pins=[{"item": "a", "position": 1}])
    search(query)
    assert queries_of(query) == plain


def test_all_actions_together_cost_a_few_queries(items):
    search(WHALES)
    plain = queries_of(WHALES)
    make_rule(
        "All",
        pins=[{"item": "lost", "position": 1}],
        hide_filter="year = 1950",
        boosts=[{"filter": "year > 1980", "amount": 0.1}, {"filter": "tags = sea", "amount": 0.1}],
    )
    search(WHALES)
    # The known attributes, the pinned items, how many are hidden, and the boosts.
    assert queries_of(WHALES) == plain + 4


def test_a_rolled_back_change_is_forgotten(items):
    with transaction.atomic():
        make_rule("No a", hidden_items=["a"])
        assert "a" not in names(search(WHALES))
        transaction.set_rollback(True)
    assert "a" in names(search(WHALES))


def test_synonyms_are_read_with_the_rules(db):
    make_synonym(["tv", "television"])
    make_synonym(["phone"], ["iphone"])
    make_synonym(["off"], ["on"], enabled=False)
    table = rules_in_force().synonyms
    assert [each.alternatives for each in table.synonyms_for("tv phone off")] == [(("television",),), (("iphone",),)]


def test_the_stamp_is_new_with_every_statement(db):
    stamps = set()
    for statement in (
        "INSERT INTO catalog_synonym (words, alternatives, enabled, updated_at) VALUES ('[]', '[]', true, now())",
        "UPDATE catalog_synonym SET enabled = false",
        "DELETE FROM catalog_synonym",
        "UPDATE catalog_searchrule SET enabled = false",
    ):
        with connection.cursor() as cursor:
            cursor.execute(statement)
            cursor.execute("SELECT value FROM catalog_rulesstamp")
            stamps.add(cursor.fetchall()[0])
    assert len(stamps) == 4


def test_suggestions_leave_out_what_a_rule_hides(items):
    assert [each.text for each in suggest("wha")] == ["Whale whale", "A whale", "Something with a whale in it"]
    make_rule("No a", condition="always", hidden_items=["a"], hide_filter="year = 1990")
    assert [each.text for each in suggest("wha")] == ["Something with a whale in it"]
    SearchRule.objects.update(condition="equals", queries="dolphins")
    assert "Whale whale" in [each.text for each in suggest("wha")]


def test_similar_items_know_no_rules(items):
    IndexVersion.objects.all().delete()
    make_rule("No b", condition="always", hidden_items=["b"])
    similar = similar_items(Item.objects.get(external_id="a"))
    assert "b" in [hit.item.external_id for hit in similar]


def test_hiding_one_item_takes_one_off_the_total(db):
    version = make_version()
    ids = make_items([{"external_id": f"{number:03}", "title": "Whale"} for number in range(90)])
    add_passages(version, {pk: [[1, pk % 7, 0]] for pk in ids.values()})
    plain = search(WHALES).total
    make_rule("No 7", hidden_items=["007"], hide_filter="external_id = 009")
    assert search(WHALES).total == plain - 2


def by_words(text: str):
    return search(SearchQuery(text=text, semantic_ratio=0))


def test_a_search_finds_the_synonyms_of_its_words_and_marks_them(db):
    make_version()
    make_items([{"external_id": name, "title": name} for name in ("A television", "A tv", "An iphone", "A phone")])
    make_synonym(["tv", "television"])
    make_synonym(["phone"], ["iphone"])
    assert sorted(names(by_words("tv"))) == sorted(names(by_words("TELEVISION"))) == ["A television", "A tv"]
    assert sorted(names(by_words("phone"))) == ["A phone", "An iphone"]
    assert names(by_words("iphone")) == ["An iphone"]
    marked = {part.text for hit in by_words("tv").hits for part in hit.title_parts if part.word}
    assert marked == {"tv", "television"}
    Synonym.objects.all().delete()
    assert names(by_words("tv")) == ["A tv"]


def test_an_item_that_holds_a_word_and_its_synonym_counts_once(db):
    make_version()
    make_items([{"external_id": "both", "title": "tv television"}, {"external_id": "one", "title": "tv set"}])
    make_synonym(["tv", "television"])
    scores = {hit.item.external_id: hit.score for hit in by_words("tv").hits}
    assert scores["both"] == pytest.approx(scores["one"])
    assert max(scores.values()) <= 1


def test_groups_of_words_have_synonyms(db):
    make_version()
    make_items([{"external_id": name, "title": name} for name in ("nyc hotels", "new york hotels", "york hotels")])
    make_synonym(["new york", "nyc"])
    assert {hit.item.external_id for hit in by_words("nyc").hits if hit.close} >= {"nyc hotels", "new york hotels"}
    assert {hit.item.external_id for hit in by_words("new york").hits if hit.close} >= {"nyc hotels", "new york hotels"}


@pytest.mark.parametrize(
    ("title", "overlap"),
    [("NYC", 1), ("New York", 1), ("NYC hotels", 2 / 3), ("New York hotels", 2 / 3), ("New hotels", 1 / 3)],
)
def test_a_title_overlaps_by_a_synonym_as_by_the_words_themselves(db, title, overlap):
    make_version()
    make_items([{"external_id": "item", "title": title}, {"external_id": "other", "title": "York NYC new"}])
    make_synonym(["new york", "nyc"])
    query = SearchQuery(text="new york", semantic_ratio=0, explain=True)
    overlaps = {hit.item.external_id: why(hit).title_overlap for hit in search(query).hits}
    assert overlaps["item"] == pytest.approx(overlap)
    assert overlaps["other"] == pytest.approx(2 / 3)


def test_one_word_for_several_leaves_each_of_them_to_be_looked_for(db):
    """`york hotels` has two of the three words: `nyc` stands for `new` and for `york`, but does not merge them."""
    make_version()
    make_items([{"external_id": name, "title": name} for name in ("york hotels", "nyc hotels", "new york hotels")])
    make_synonym(["new york", "nyc"])
    hits = {hit.item.external_id: hit for hit in by_words("new york hotels").hits}
    assert hits["york hotels"].score < min(hits["nyc hotels"].score, hits["new york hotels"].score)


def test_neither_boosts_nor_pins_mix_what_is_close_with_what_is_far(items):
    assert [hit.close for hit in search(WHALES).hits] == [True] * 4 + [False] * 2
    make_rule("Desert", boosts=[{"filter": "year <= 1960", "amount": 0.5}, {"filter": "year = 2000", "amount": -0.5}])
    make_rule("Lost", pins=[{"item": "lost", "position": 50}])
    results = search(WHALES)
    assert names(results) == ["b", "c", "a", "d", "lost", "e", "f"]
    assert results.hits[5].score > results.hits[3].score
