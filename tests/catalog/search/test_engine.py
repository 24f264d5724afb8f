"""Search as a whole: both legs, what is returned, and what is refused."""

import math
from typing import Any

import pytest

from catalog.embedding.base import EncoderUnavailable
from catalog.embedding.registry import encoder_for
from catalog.errors import InvalidQuery
from catalog.items.saving import delete_item
from catalog.models import IndexVersion, Item, Passage
from catalog.search import SearchQuery, cutoff, search
from catalog.search.queries import MAX_LIMIT, MAX_OFFSET, MAX_TEXT_CHARACTERS
from tests.factories import add_passages, add_vector, make_item, make_items, make_version

pytestmark = pytest.mark.django_db
EAST = (1.0, 0.0, 0.0)


@pytest.fixture
def version():
    return make_version()


@pytest.fixture
def items(version):
    """Two that mean the same as EAST, one found only by its words, one far away, and one unpublished."""
    made = {
        "near": make_item("near", title="Sea beasts", body="Giants of the deep."),
        "both": make_item("both", title="Whale", body="A whale of a tale."),
        "word": make_item("word", title="Kitchen", body="The whale is on the plate."),
        "far": make_item("far", title="Desert", body="Sand."),
        "hidden": make_item("hidden", title="Whale whale", published=False),
    }
    vectors: dict[str, list[float]] = {"near": [1, 0, 0], "both": [0.8, 0.6, 0], "far": [0, 0, 1]}
    add_passages(version, {made[name].pk: [vector] for name, vector in vectors.items()})
    return made


def names(results):
    return [hit.item.external_id for hit in results.hits]


def test_words_and_meaning_are_searched_together(items, version):
    results = search(SearchQuery(text="whale", vector=EAST))
    assert names(results)[0] == "both"
    assert set(names(results)) == {"near", "both", "word", "far"}
    assert results.total == 4
    assert results.close_total == 3
    assert results.semantic_hit_count == 1
    assert not results.degraded
    assert results.version_id == version.pk


def test_a_ratio_of_0_counts_words_alone_and_of_1_meaning_alone(items):
    by_words = search(SearchQuery(text="whale", vector=EAST, semantic_ratio=0))
    assert by_words.hits[0].item.external_id == "both"
    assert {hit.item.external_id: hit.score > 0 for hit in by_words.hits} == {
        "both": True,
        "word": True,
        "near": False,
        "far": False,
    }
    by_meaning = search(SearchQuery(text="whale", vector=EAST, semantic_ratio=1))
    assert names(by_meaning) == ["near", "both", "far"]
    assert by_meaning.hits[0].score == pytest.approx(1, abs=1e-3)


def test_an_item_that_holds_all_the_words_of_a_short_query_is_above_one_that_repeats_some(db):
    crowd = "a lawyer who fights for justice and for his good name in a court of the city, and many others"
    make_item("repeats", title="Sawyer", body="Tom, Tom, Tom and Tom.")
    make_item("all", title="Philadelphia", body=f"{crowd}, with Tom Hanks")
    make_items([{"external_id": f"crowd-{n}", "title": f"Film {n}", "body": f"{crowd} Hanks"} for n in range(2)])
    first, second, *_ = search(SearchQuery(text="tom hanks", semantic_ratio=0, explain=True)).hits
    assert (first.item.external_id, second.item.external_id) == ("all", "repeats")
    assert first.explanation and second.explanation
    assert (first.explanation.all_words, second.explanation.all_words) == (True, False)
    assert first.explanation.keyword_score < second.explanation.keyword_score


@pytest.mark.parametrize("text", ["philadelphia", "lawyer fights justice good name"])
def test_nothing_is_added_for_all_of_one_word_or_of_many(db, text):
    make_item("all", title="Philadelphia", body="A lawyer fights for justice and his good name.")
    (only,) = search(SearchQuery(text=text, semantic_ratio=0, explain=True)).hits
    assert only.explanation and not only.explanation.all_words


def test_a_name_is_found_where_its_words_are_side_by_side(db):
    make_item("pond", title="Water", body="A bell sounds at the lake. The lake is deep, and the bell is old.")
    make_item("actor", title="Surfers", body="A comedy about people who surf, with the young Lake Bell as Chloe.")
    first, second = search(SearchQuery(text="lake bell", semantic_ratio=0, explain=True)).hits
    assert (first.item.external_id, second.item.external_id) == ("actor", "pond")
    assert first.explanation and second.explanation
    assert (first.explanation.neighbours, second.explanation.neighbours) == (1.0, 0.0)
    assert first.explanation.keyword_score < second.explanation.keyword_score


def test_words_alone_ask_for_no_vector(items):
    results = search(SearchQuery(text="whale", semantic_ratio=0))
    assert names(results) == ["both", "word"]
    assert not results.degraded
    assert all(hit.cosine is None for hit in results.hits)


def test_an_item_without_vectors_yet_is_found_by_its_words(items):
    results = search(SearchQuery(text="whale plate", vector=EAST))
    hit = next(hit for hit in results.hits if hit.item.external_id == "word")
    assert hit.cosine is None
    assert hit.keyword_score > 0
    assert hit.close


def test_unpublished_items_are_never_found(items):
    for query in (SearchQuery(text="whale", semantic_ratio=0), SearchQuery(), SearchQuery(vector=EAST)):
        assert "hidden" not in names(search(query))
    assert "hidden" not in names(search(SearchQuery(text="whale", vector=EAST, filter="external_id EXISTS")))


def test_without_its_encoder_search_goes_by_words_and_says_so(items, version):
    version.backend, version.model = "transformer", "/nowhere/model"
    version.save()
    with pytest.raises(EncoderUnavailable):
        encoder_for(version.encoder_spec)
    results = search(SearchQuery(text="whale"))
    assert results.degraded
    assert "/nowhere/model" in results.degraded_reason
    assert names(results) == ["both", "word"]
    assert results.hits[0].score > 0.5


def test_before_there_is_an_index_version_search_goes_by_words():
    make_item("x", title="Whale")
    results = search(SearchQuery(text="whale"))
    assert names(results) == ["x"]
    assert results.degraded
    assert results.version_id is None


def test_a_given_vector_stands_for_the_text_and_may_be_alone(items):
    results = search(SearchQuery(vector=EAST))
    assert names(results) == ["near", "both", "far"]
    assert [hit.cosine for hit in results.hits] == pytest.approx([1, 0.8, 0], abs=1e-3)
    assert not results.degraded


@pytest.mark.parametrize("length", [1e-300, 1e-9, 1.0, 1e6, 1e300])
def test_only_the_direction_of_a_vector_counts(items, length):
    results = search(SearchQuery(vector=(length * 0.8, length * 0.6, 0.0)))
    assert names(results) == ["both", "near", "far"]
    assert results.hits[0].cosine == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    "vector", [(0.0, 0.0, 0.0), (1.0, 0.0), (1.0,) * 4, (math.nan, 0.0, 1.0), (math.inf, 0.0, 1.0), ()]
)
def test_a_vector_of_no_direction_or_of_another_length_is_refused(version, vector):
    with pytest.raises(InvalidQuery, match="3 finite numbers") as caught:
        search(SearchQuery(vector=vector))
    assert (caught.value.field, caught.value.code) == ("vector", "invalid_vector")


def test_a_live_version_may_be_named_and_others_are_refused(items):
    other = make_version(dimensions=2, state="building")
    add_vector(other, items["far"], [1, 0])
    results = search(SearchQuery(vector=(1.0, 0.0), version_id=other.pk))
    assert names(results) == ["far"]
    assert results.version_id == other.pk
    retired = make_version(state="retired")
    for version_id in (retired.pk, 10**9):
        with pytest.raises(InvalidQuery) as caught:
            search(SearchQuery(text="whale", version_id=version_id))
        assert caught.value.field == "version"


def test_the_threshold_leaves_out_what_scores_less(items):
    everything = search(SearchQuery(text="whale", vector=EAST))
    threshold = everything.hits[1].score
    some = search(SearchQuery(text="whale", vector=EAST, threshold=threshold))
    assert names(some) == names(everything)[:2]
    assert some.total == 2
    nothing = search(SearchQuery(text="whale", vector=EAST, threshold=1))
    assert (nothing.hits, nothing.total, nothing.close_total) == ((), 0, 0)


def test_close_hits_may_be_asked_for_before_all_others():
    make_item("both words", body="A kite, a red one, rises over " + "hills and valleys and rivers and " * 40)
    make_item("one word", title="Kite", body="Kite, kite, kite.")
    make_items([{"external_id": f"other {number}"} for number in range(8)])
    by_score = search(SearchQuery(text="red kite", semantic_ratio=0))
    assert [(hit.item.external_id, hit.close) for hit in by_score.hits] == [("one word", False), ("both words", True)]
    assert names(search(SearchQuery(text="red kite", semantic_ratio=0, close_first=True))) == ["both words", "one word"]


def test_a_versions_own_cutoff_says_what_is_close(items):
    IndexVersion.objects.update(relevance_cutoff=0.9)
    results = search(SearchQuery(vector=EAST))
    assert [hit.close for hit in results.hits] == [True, False, False]
    assert results.close_total == 1


def test_an_item_deleted_between_ranking_and_loading_is_left_out(items, monkeypatch):
    load = type(Item.objects.all()).in_order

    def load_after_a_delete(queryset, ids):
        Item.objects.filter(external_id="both").delete()
        return load(queryset, ids)

    monkeypatch.setattr(type(Item.objects.all()), "in_order", load_after_a_delete)
    results = search(SearchQuery(text="whale", vector=EAST, explain=True))
    assert "both" not in names(results)
    assert len(results.hits) == 3


def test_a_deleted_item_is_gone_at_once(items):
    delete_item(items["both"])
    assert names(search(SearchQuery(text="whale", vector=EAST, limit=100))) == ["near", "word", "far"]


@pytest.mark.parametrize("ratio", [0, 0.3, 1])
def test_an_explanation_adds_up_to_the_score(items, ratio):
    results = search(SearchQuery(text="whale sea", vector=EAST, semantic_ratio=ratio, explain=True))
    for hit in results.hits:
        why: Any = hit.explanation
        assert why.keyword_contribution + why.semantic_contribution == pytest.approx(hit.score)
        assert sum(why.terms.values()) == pytest.approx(why.keyword_score) == pytest.approx(hit.keyword_score)
        assert (why.keyword_rank is None) == (hit.keyword_score == 0)
        assert (why.semantic_rank is None) == (hit.cosine is None)
        assert why.cutoff == 0.25
    by_rank: list[Any] = [hit for hit in results.hits if hit.cosine is not None]
    by_rank.sort(key=lambda hit: -hit.cosine)
    assert [hit.explanation.semantic_rank for hit in by_rank] == list(range(1, len(by_rank) + 1))


def test_the_best_passage_is_shown_without_the_title_and_with_its_words_marked(version):
    item = make_item("x", title="Whale", body="The first part. The second part about a whale.")
    start = len("Whale\nThe first part. ")
    add_passages(version, {item.pk: [[0, 1, 0], [1, 0, 0]]})
    spans = {0: (0, start - 1), 1: (start, 1_000)}
    for ordinal, (first, last) in spans.items():
        Passage.objects.filter(item_id=item.pk, ordinal=ordinal).update(span_start=first, span_end=last)
    hit: Any = search(SearchQuery(text="whale", vector=EAST)).hits[0]
    assert hit.passage.text == "The second part about a whale."
    assert [part.text for part in hit.passage.parts if part.word] == ["whale"]
    assert [part.text for part in hit.title_parts if part.word] == ["Whale"]
    hit = search(SearchQuery(text="whale", vector=(0.0, 1.0, 0.0))).hits[0]
    assert hit.passage.text == "The first part."


def test_an_item_shortened_since_it_was_embedded_still_shows_its_text(version):
    item = make_item("x", title="Whale", body="Short.")
    add_vector(version, item, [1, 0, 0])
    Passage.objects.update(span_start=5_000, span_end=6_000)
    hit: Any = search(SearchQuery(vector=EAST)).hits[0]
    assert hit.passage.text == "Short."


def test_highlighting_can_be_left_out(items):
    hit = search(SearchQuery(text="whale", vector=EAST, highlight=False)).hits[0]
    assert hit.passage is None
    assert hit.title_parts == ()


def test_without_text_and_vector_all_items_are_shown_newest_first(items):
    results = search(SearchQuery(text="  ", limit=2))
    assert names(results) == ["far", "word"]
    assert results.total == results.close_total == 4
    assert names(search(SearchQuery(limit=2, offset=2))) == ["both", "near"]
    assert names(search(SearchQuery(limit=2, offset=4))) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"text": "x" * (MAX_TEXT_CHARACTERS + 1)}, "q"),
        ({"text": "a\0b"}, "q"),
        ({"text": "a\ud800b"}, "q"),
        ({"limit": 0}, "limit"),
        ({"limit": -1}, "limit"),
        ({"limit": MAX_LIMIT + 1}, "limit"),
        ({"limit": 10**9}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": MAX_OFFSET + 1}, "offset"),
        ({"semantic_ratio": -0.1}, "semantic_ratio"),
        ({"semantic_ratio": math.nan}, "semantic_ratio"),
        ({"threshold": 1.1}, "threshold"),
        ({"threshold": math.nan}, "threshold"),
        ({"filter": "nothing = 1"}, "filter"),
        ({"filter": "(("}, "filter"),
        ({"sort": "nothing"}, "sort"),
        ({"facets": ("nothing",)}, "facets"),
    ],
)
@pytest.mark.parametrize("text", ["", "whale"])
def test_what_cannot_be_asked_is_refused_with_the_field_at_fault(items, query, field, text):
    with pytest.raises(InvalidQuery) as caught:
        search(SearchQuery(**({"text": text, "semantic_ratio": 0} | query)))
    assert caught.value.field == field
    assert caught.value.code


@pytest.mark.parametrize(
    "text",
    [
        "x" * MAX_TEXT_CHARACTERS,
        "whale " * 300,
        "(a+)+$" * 300,
        "🎬",
        "שלום עולם",
        "東京物語",
        "to be or not to be",
        "%s %(x)s {}",
        "' OR 1=1 --",
        "\u202ewhale",
        "whale\r\nSet-Cookie: x",
    ],
)
def test_any_text_is_just_text(items, text):
    results = search(SearchQuery(text=text, vector=EAST, explain=True, facets=("category",)))
    assert results.total >= 3
    search(SearchQuery(text=text, semantic_ratio=0, prefix=True))


def test_the_last_word_may_be_unfinished_while_typing(items):
    assert names(search(SearchQuery(text="wha", semantic_ratio=0))) == []
    assert set(names(search(SearchQuery(text="wha", semantic_ratio=0, prefix=True)))) == {"both", "word"}


def test_a_filter_may_be_combined_with_everything(items):
    make_items([{"external_id": "both", "title": "Whale", "attributes": {"year": 1956, "tags": ["sea", "big"]}}])
    results = search(
        SearchQuery(
            text="whale",
            vector=EAST,
            filter="year 1950 TO 1960 AND tags = sea",
            facets=("tags", "year"),
            sort="-year",
            explain=True,
        )
    )
    assert names(results) == ["both"]
    assert results.total == 1
    assert {value.value for value in results.facets["tags"]} == {"sea", "big"}
    assert results.facet_stats == {"year": (1956.0, 1956.0)}


@pytest.mark.parametrize("count", [1, 20])
def test_a_page_costs_the_same_queries_whatever_it_holds(version, django_assert_num_queries, count):
    ids = make_items(
        [{"external_id": str(n), "title": f"Whale {n}", "attributes": {"year": n, "tags": ["x"]}} for n in range(count)]
    )
    add_passages(version, {pk: [[1, 0, 0]] for pk in ids.values()})
    query = SearchQuery(
        text="whale",
        vector=EAST,
        filter="year >= 0",
        facets=("tags", "year"),
        sort="-year",
        limit=20,
        explain=True,
    )
    search(query)
    # The filter's attributes; the words; the filter's size, the nearest and the candidates; the sort's attributes and
    # order; the facets' attributes and counts; the items; their weights. The version is cached, and the words to mark
    # are looked up once per process.
    with django_assert_num_queries(11):
        results = search(query)
    assert len(results.hits) == count


def test_a_plain_search_costs_few_queries(items, django_assert_num_queries):
    search(SearchQuery(text="whale", vector=EAST))
    # The words; the nearest and the candidates; the items. The version is cached.
    with django_assert_num_queries(4):
        search(SearchQuery(text="whale", vector=EAST))


def test_time_is_told(items):
    assert search(SearchQuery(text="whale", semantic_ratio=0)).processing_ms > 0


def test_the_share_of_words_that_makes_a_hit_close_is_by_weight(items):
    assert cutoff.CLOSE_WORDS == 0.6
    results = search(SearchQuery(text="whale plate unheard", semantic_ratio=0))
    assert [(hit.item.external_id, hit.close) for hit in results.hits] == [("word", False), ("both", False)]
