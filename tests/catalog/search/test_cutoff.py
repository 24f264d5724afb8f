"""Whether a search says truly that it has counted every close item: checked against counting them all."""

import math

import pytest

from catalog.search import SearchQuery, search
from catalog.search.dense import DEFAULT_CUTOFF
from tests.factories import add_passages, make_items, make_version

pytestmark = pytest.mark.django_db
ITEMS = 400
#: Of the items, the first so many hold the word "rare", and all hold "common".
RARE = 30
ALONG, ACROSS = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def vector(number: int) -> list[float]:
    """Item 0 lies along the first axis, and each further one turns away from it; some lie across both."""
    angle = math.pi / 2 * number / ITEMS
    return [0.0, 0.0, 1.0] if number % 20 == 0 else [math.cos(angle), math.sin(angle), 0.0]


@pytest.fixture
def items():
    version = make_version()
    rows = [
        {
            "external_id": str(number),
            "body": "common" + " rare" * (number < RARE),
            "attributes": {"number": number},
        }
        for number in range(ITEMS)
    ]
    ids = make_items(rows)
    add_passages(version, {pk: [vector(int(name))] for name, pk in ids.items()})


def close_items(query: SearchQuery, *, below: int = ITEMS, word: str = "") -> int:
    """The number of close items, by looking at each."""

    def by_meaning(number: int) -> bool:
        given = query.vector or (0.0, 0.0, 0.0)
        return sum(a * b for a, b in zip(vector(number), given, strict=True)) >= DEFAULT_CUTOFF

    def by_words(number: int) -> bool:
        return word == "common" or (word == "rare" and number < RARE)

    return sum(by_meaning(number) or by_words(number) for number in range(below))


@pytest.mark.parametrize(
    ("asked", "whole"),
    [
        (SearchQuery(text="rare", semantic_ratio=0), True),
        (SearchQuery(text="common", semantic_ratio=0), False),
        (SearchQuery(vector=ACROSS), True),
        (SearchQuery(vector=ALONG), False),
        (SearchQuery(text="rare", vector=ACROSS), True),
        (SearchQuery(text="rare", vector=ALONG), False),
        (SearchQuery(text="common", vector=ACROSS), False),
        (SearchQuery(text='"rare"', vector=ACROSS), True),
        (SearchQuery(text='"common"', vector=ACROSS), False),
    ],
)
def test_a_search_is_exhaustive_if_it_counted_every_close_item(items, asked, whole):
    results = search(asked)
    phrases = '"' in asked.text
    among = SearchQuery() if phrases else asked  # what lacks the phrase is no hit, however close
    there_are = close_items(among, word=asked.text.strip('"'))
    assert results.exhaustive is whole
    assert (results.close_total == there_are) is whole
    assert results.close_total <= there_are


@pytest.mark.parametrize(("below", "whole"), [(150, True), (300, False)])
@pytest.mark.parametrize("text", ["common", ""])
def test_with_a_filter_it_is_about_the_items_that_meet_it(items, text, below, whole):
    asked = SearchQuery(text=text, vector=ALONG, filter=f"number < {below}")
    results = search(asked)
    assert results.exhaustive is whole
    assert (results.close_total == close_items(asked, below=below, word=text)) is whole


def test_browsing_counts_everything(items):
    results = search(SearchQuery(filter="number < 250"))
    assert (results.exhaustive, results.close_total) == (True, 250)


def test_within_a_filter_the_hits_are_the_nearest_however_many_they_are(items):
    hits = search(SearchQuery(vector=ALONG, filter="number >= 100", limit=100, offset=100)).hits
    expected = [number for number in range(100, ITEMS) if number % 20][100:200]
    assert [int(hit.item.external_id) for hit in hits] == expected
