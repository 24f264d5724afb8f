"""Items similar to an item: with vectors worked out by hand, and on the demo films with the real encoder."""

from typing import Any

import pytest

from catalog.models import EmbeddingState, Item, Passage
from catalog.search import SearchQuery, search
from catalog.search.queries import MAX_LIMIT
from catalog.search.similar import similar_items
from tests.factories import add_passages, make_item, make_items, make_version


@pytest.mark.django_db
def test_items_are_ordered_by_their_likeness_to_the_mean_of_the_passages():
    version = make_version()
    item, like, half, unlike = (make_item(name) for name in ("item", "like", "half", "unlike"))
    add_passages(
        version,
        {
            # The mean points to (.5, .5, 0); its cosine with (1, 1, 0) is 1, with (1, 0, 0) .707, with (0, 0, 1) 0.
            item.pk: [[1, 0, 0], [0, 1, 0]],
            like.pk: [[0.7071, 0.7071, 0]],
            half.pk: [[1, 0, 0], [0, 0, 1]],
            unlike.pk: [[0, 0, 1]],
        },
    )
    found = similar_items(item)
    assert [hit.item.external_id for hit in found] == ["like", "half", "unlike"]
    assert [hit.cosine for hit in found] == pytest.approx([1, 0.7071, 0], abs=1e-3)
    assert [hit.close for hit in found] == [True, True, False]
    # With the cutoff at .25 the level of a cosine is the cosine.
    assert [hit.score for hit in found] == pytest.approx([1, 0.7071, 0], abs=1e-3)
    assert [hit.item.external_id for hit in similar_items(item, limit=1)] == ["like"]


@pytest.mark.django_db
@pytest.mark.parametrize("passages", [1, 2])
def test_a_full_page_is_found_besides_the_item_itself(passages):
    ids = make_items([{"external_id": str(number)} for number in range(MAX_LIMIT + 20)])
    vectors = {pk: [[1, int(name) / 100, part / 1000] for part in range(passages)] for name, pk in ids.items()}
    add_passages(make_version(), vectors)
    found = similar_items(Item.objects.get(external_id="0"), limit=MAX_LIMIT)
    assert {int(hit.item.external_id) for hit in found} == set(range(1, MAX_LIMIT + 1))


@pytest.mark.django_db
@pytest.mark.parametrize("with_version", [True, False])
def test_while_it_has_no_vector_items_that_share_words_of_its_title_are_shown(with_version):
    if with_version:
        make_version()
    item, other = make_item("item", title="White whale"), make_item("other", title="A whale")
    make_item("third", title="Desert")
    assert [hit.item for hit in similar_items(item)] == [other]


@pytest.mark.django_db
def test_a_full_page_shares_words_with_the_item_itself():
    make_items([{"external_id": str(number), "title": "Whale"} for number in range(MAX_LIMIT + 1)])
    item = Item.objects.get(external_id="0")
    found = similar_items(item, limit=MAX_LIMIT)
    assert len(found) == MAX_LIMIT
    assert item not in [hit.item for hit in found]


@pytest.mark.django_db
def test_quotes_and_minus_signs_in_a_title_are_prose():
    item, other = make_item("item", title='The "white whale" -sea'), make_item("other", title="A whale at sea")
    assert [hit.item for hit in similar_items(item)] == [other]


@pytest.mark.django_db
@pytest.mark.parametrize("title", ["The", "🎬", "x" * 1_000, "( ' \\ %"])
def test_a_title_without_words_has_nothing_like_it(title):
    make_item("other", title="A whale")
    assert similar_items(make_item("item", title=title)) == []


@pytest.mark.django_db
def test_opposite_passages_have_no_mean_to_be_like():
    version = make_version()
    item, other = make_item("item", title="White whale"), make_item("other", title="A whale")
    add_passages(version, {item.pk: [[1, 0, 0], [-1, 0, 0]], other.pk: [[0, 1, 0]]})
    found = similar_items(item)
    assert [(hit.item, hit.cosine) for hit in found] == [(other, None)]


@pytest.mark.usefixtures("films")
class TestFilms:
    def similar(self, title):
        return [hit.item.title for hit in similar_items(Item.objects.filter(title=title)[0], limit=10)]

    @pytest.mark.parametrize(
        ("title", "expected"),
        [
            ("The Matrix", {"Ex Machina", "Inception"}),
            ("Tokyo Story", {"Yi Yi", "The Farewell"}),
            ("Alien", {"Aliens"}),
        ],
    )
    def test_films_of_a_kind_are_alike(self, title, expected):
        found = self.similar(title)
        assert expected <= set(found)
        assert title not in found

    def test_every_film_has_its_vectors(self):
        assert EmbeddingState.objects.done().count() == Item.objects.count()
        assert Passage.objects.values("item_id").distinct().count() == Item.objects.count()

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("a lonely robot learns to love", "WALL-E"),
            ("jurors argue about a murder trial in one room", "12 Angry Men"),
            ("to be or not to be", "To Be or Not to Be"),
            ("amelie", "Amélie"),
        ],
    )
    def test_search_finds_what_people_mean(self, query, expected):
        results = search(SearchQuery(text=query, limit=3))
        assert expected in [hit.item.title for hit in results.hits]
        assert not results.degraded
        hit: Any = next(hit for hit in results.hits if hit.item.title == expected)
        assert hit.close
        assert hit.passage.text.strip() in " ".join(hit.item.body.split())

    def test_nonsense_is_close_to_nothing(self):
        assert search(SearchQuery(text="zxqv blorfen wuggle")).close_total == 0

    def test_an_item_is_the_nearest_to_its_own_vector(self):
        for passage in Passage.objects.filter(ordinal=0)[:20]:
            results = search(SearchQuery(vector=tuple(passage.embedding), limit=1))
            assert results.hits[0].item.pk == passage.item_id
