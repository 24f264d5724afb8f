"""The search page as the server renders it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Item
from tests.factories import make_item, make_items, make_rule

# One for the attributes that the page knows and one for whether search by picture is possible; the rest are those of
# the search itself.
SEARCH_QUERIES, BROWSE_QUERIES = 10, 7
#: A field with a filter is counted by a separate search, and both compile the filter.
ONE_FILTER_QUERIES = 9

TITLE = re.compile(r'<h2 class="hit__title"><a href="[^"]*">(.*?)(?:<span class="yr">|</a>)', re.DOTALL)
BAR = re.compile(r'<a href="([^"]*)" tabindex="-1" aria-label="(.*?): (\d+) ')
CHIP = re.compile(r'<a class="chip chip--x" href="([^"]*)"[^>]*><span class="ellipsis">(.*?)</span>')
OPTION = re.compile(r'name="(\w+)" value="([^"]*)"( checked)?.*?<span class="n">(\d+)</span>')

OFFER = re.compile(r'<a href="([^"]*)"><span>without <b>(.*?)</b>.*?<span class="n">(\d+) films?</span>', re.DOTALL)


def search(client: Client, **parameters: object) -> str:
    response = client.get(f"/search?{urlencode(parameters, doseq=True)}")
    assert response.status_code == 200, response.content
    return response.content.decode()


def titles(page: str) -> list[str]:
    return [unescape(re.sub(r"<[^>]+>", "", title)) for title in TITLE.findall(page)]


def counts(page: str, facet: str) -> dict[str, int]:
    return {unescape(value): int(count) for name, value, _, count in OPTION.findall(page) if name == facet}


def count_line(page: str) -> str:
    line = re.search(r'<p class="toolbar__count">(.*?)</p>', page, re.DOTALL)
    assert line is not None
    return unescape(re.sub(r"<[^>]+>", "", line.group(1)))


def test_close_hits_come_first_and_are_counted(films, client):
    page = search(client, q="shark terrorises a beach town")
    assert titles(page)[0] == "Jaws"
    assert re.fullmatch(r"\d+ films?(, \d+ of them by meaning only)?", count_line(page))


def test_words_are_marked_and_every_hit_says_why(films, client):
    page = search(client, q="stuck in a time loop")
    assert '<mark class="w">loop</mark>' in page
    assert '<span class="closest">' in page
    assert page.count("Why this result") == len(titles(page))
    assert re.search(r'<dt class="c-words">Words</dt>.*?<dt class="c-meaning">Meaning</dt>', page, re.DOTALL)


def test_words_are_explained_as_they_were_asked_and_not_by_their_stems(films, client):
    page = search(client, q="stuck in time loops")
    explained = re.findall(r"<b>(\w+)</b> \d", page)
    assert "loops" in explained
    assert "loop" not in explained


def test_the_legend_names_what_the_bars_are_made_of(films, client):
    def legend(**parameters: object) -> list[str]:
        return re.findall(r'<i class="l-(\w+)"></i>', search(client, **parameters))

    assert legend(q="stuck in a time loop") == ["words", "meaning"]
    assert legend(q="stuck in a time loop", semantic_ratio=0) == ["words"]
    assert legend() == []
    make_rule("Comedies", queries="stuck in a time loop", boosts=[{"filter": "genres = Comedy", "amount": 0.1}])
    assert legend(q="stuck in a time loop") == ["words", "meaning", "rules"]


def test_a_refused_correction_stays_refused_when_a_filter_is_chosen(films, client):
    assert "Showing results for <strong>robot</strong>" in search(client, q="robbot")
    page = search(client, q="robbot", correct=0)
    assert "Showing results" not in page.replace("Results for robbot</h1>", "")
    assert '<input type="hidden" form="find" name="as_typed" value="robbot">' in page


def test_the_page_says_what_every_result_holds_and_links_to_the_search_without_that(films, client):
    page = search(client, q='"time loop" -slasher')
    note = re.search(r"<span>(Every result contains .*?)</span></p>", page, re.DOTALL)
    assert note
    assert re.sub(r"<[^>]+>", "", note[1]) == (
        "Every result contains “time loop”, and none contains “slasher”. Search without these conditions"
    )
    assert 'href="/search?q=time+loop"' in note[1]
    assert "Happy Death Day" not in titles(page)
    assert "Search without" not in search(client, q="time loop")


def test_a_count_that_may_be_too_low_says_so(films, client):
    make_items([{"external_id": f"port {number}", "body": "A zeppelin over the harbour."} for number in range(250)])
    page = search(client, q="zeppelin", semantic_ratio=0)
    assert count_line(page) == "200+ films"
    assert "1 to 20 of 200+ ·" in page
    assert "Show 200+ films" in page
    assert (
        count_line(search(client, q="zeppelin", semantic_ratio=0, sort="title"))
        == "200+ films, the best matches sorted"
    )
    assert count_line(search(client)) == f"{Item.objects.count()} films, newest first"


def test_hits_that_are_not_close_stand_below_a_line(films, client):
    page = search(client, q="stuck in a time loop")
    close = int(count_line(page).split()[0])
    above, below = page.split('<p class="cut">')
    assert len(titles(above)) == close
    assert "Below the cut-off" in below
    assert titles(below)


def test_what_is_counted_is_shown_above_the_line_page_by_page(db, client):
    long = "A red kite rises over " + "hills and valleys and rivers and " * 40
    make_items([{"external_id": f"close-{number}", "title": f"Close {number}", "body": long} for number in range(25)])
    make_items([{"external_id": f"far-{number}", "title": "Kite", "body": "Kite, kite, kite."} for number in range(25)])
    make_items([{"external_id": f"other-{number}", "title": "Lake"} for number in range(100)])
    first, second = (search(client, q="red kite", page=page) for page in (1, 2))
    assert count_line(first) == count_line(second) == "25 films"
    assert '<p class="cut">' not in first
    above, below = second.split('<p class="cut">')
    shown = [*titles(first), *titles(above)]
    assert sorted(shown) == sorted(f"Close {number}" for number in range(25))
    assert set(titles(below)) == {"Kite"}


def test_browsing_shows_the_newest_with_filters(films, client):
    page = search(client)
    assert count_line(page).endswith("newest first")
    assert len(titles(page)) == 20
    assert counts(page, "genres")["Drama"] == Item.objects.filter(attributes__genres__contains="Drama").count() > 10
    assert "Why this result" not in page


def test_a_chosen_value_narrows_the_results_and_can_be_taken_back(films, client):
    page = search(client, q="love", genres=["Comedy", "War"], year_from=1990, year_to=1999)
    years = [int(year) for year in re.findall(r'<span class="yr">(\d+)</span>', page.split('<p class="cut">')[0])]
    assert years and all(1990 <= year <= 1999 for year in years)
    chips = {unescape(label).strip(): unescape(address) for address, label in CHIP.findall(page)}
    assert chips == {
        "Comedy": "/search?q=love&genres=War&year_from=1990&year_to=1999",
        "War": "/search?q=love&genres=Comedy&year_from=1990&year_to=1999",
        "Year 1990 to 1999": "/search?q=love&genres=Comedy&genres=War",
    }
    assert 'href="/search?q=love"' in page


def test_a_field_offers_its_other_values_after_one_is_chosen(films, client):
    open_search, narrowed = search(client, q="love"), search(client, q="love", category="Romance")
    assert counts(narrowed, "category") == counts(open_search, "category")
    assert sum(counts(narrowed, "genres").values()) < sum(counts(open_search, "genres").values())


def test_the_histogram_keeps_what_is_outside_the_range(films, client):
    page = search(client, year_from=1990, year_to=1999)
    bars = re.findall(r'(<g class="in">)?<a href="[^"]*" tabindex="-1" aria-label="(\d+) to (\d+): \d+ films?"', page)
    inside = [low for chosen, low, _ in bars if chosen]
    assert inside == ["1990"]
    assert {"1930", "1980", "2000"} <= {low for chosen, low, _ in bars if not chosen}


def test_the_bars_of_a_few_years_are_a_year_each(db, client):
    make_items([{"external_id": str(year), "attributes": {"year": year}} for year in (1956, 1959)])
    bars = BAR.findall(search(client))
    assert [(label, count) for _, label, count in bars] == [("1956", "1"), ("1957", "0"), ("1958", "0"), ("1959", "1")]


@pytest.mark.parametrize("numbers", [range(0, 400, 20), (6.5, 7.5, 7.6, 7.6, 8.4)])
def test_a_bar_leads_to_as_many_items_as_it_counts(db, client, numbers):
    make_items([{"external_id": str(n), "attributes": {"weight_kg": value}} for n, value in enumerate(numbers)])
    bars = BAR.findall(search(client))
    assert sum(int(count) for _, _, count in bars) == len(numbers)
    for address, _, count in bars:
        page = client.get(unescape(address)).content.decode()
        assert len(titles(page)) == int(count)


@pytest.mark.parametrize(("sort", "label"), [("-newest", "Oldest first"), ("-title", "Title, Z to A")])
def test_a_reversed_order_is_named_for_what_it_shows(films, client, sort, label):
    assert label in search(client, sort=sort)


def test_a_chosen_value_that_is_not_among_the_commonest_has_its_count(db, client):
    common = [{"external_id": f"{n}", "attributes": {"cast": [f"Actor {n % 100}"]}} for n in range(200)]
    make_items([*common, {"external_id": "rare", "attributes": {"cast": ["Rare"]}}])
    assert counts(search(client, cast="Rare"), "cast")["Rare"] == 1


def test_pages_follow_each_other_without_repeats(films, client):
    first, second = (titles(search(client, sort="title", page=page)) for page in (1, 2))
    assert len(first) == len(second) == 20
    assert not set(first) & set(second)
    assert [*first, *second] == sorted([*first, *second], key=str.lower)


def test_a_page_past_the_last_says_so(films, client):
    page = search(client, sort="title", page=400)
    assert "You are past the last page" in page
    assert '<a class="btn" href="/search?sort=title">Go to the first page</a>' in page


def test_a_query_that_nothing_is_close_to_says_so(films, client):
    page = search(client, q="xq zzyv plorkish")
    assert count_line(page).startswith("Nothing close")


def test_wider_searches_are_offered_with_what_they_would_find(films, client):
    page = search(client, q="stuck in a time loop", genres="Musical", year_from=1990)
    assert count_line(page).startswith("Nothing close")
    ((address, label, count),) = OFFER.findall(page)
    assert label == "Musical"
    assert count_line(client.get(unescape(address)).content.decode()).startswith(f"{count} films")


def test_where_one_filter_less_is_not_enough_the_search_without_any_is_offered(films, client):
    page = search(client, q="astronaut stranded in space", genres="Musical", year_to=1960)
    ((address, label, _),) = OFFER.findall(page)
    assert label == "any filter"
    assert unescape(address) == "/search?q=astronaut+stranded+in+space"


def test_filters_that_nothing_meets_leave_a_way_out(films, client):
    page = search(client, director="Nobody At All")
    assert titles(page) == []
    assert "without <b>Nobody At All</b>" in page


def test_without_an_index_results_go_by_words_and_say_so(db, client):
    make_items([{"external_id": "a", "title": "Northern lights"}, {"external_id": "b", "title": "Southern cross"}])
    page = search(client, q="northern")
    assert "Results by words only." in page
    assert titles(page) == ["Northern lights"]


def test_an_empty_catalogue_says_so(db, client):
    assert "The catalogue is empty" in search(client)


def test_texts_are_escaped(db, client):
    attack = "<script>alert(1)</script>"
    make_item("x", f"Thunder {attack}", body=f"rain {attack}", category=attack, attributes={"tags": [attack, '"><i>']})
    make_item("y", "Thunder and rain", attributes={"tags": ["calm"]})
    for page in (search(client, q=f"thunder {attack}"), search(client, tags=attack, sort=attack, page=attack)):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert '"><i>' not in page


@pytest.mark.parametrize(
    "parameters",
    [
        {"page": "-1"},
        {"page": "9" * 40},
        {"year_from": "1e400"},
        {"year_to": "abc"},
        {"semantic_ratio": "nan"},
        {"sort": "'; DROP TABLE catalog_item"},
        {"restored": "perhaps"},
    ],
)
def test_values_that_make_no_sense_are_noted_and_left_out(db, client, parameters):
    make_item("x", "Rain", attributes={"year": 1990, "restored": True})
    page = search(client, q="rain", **parameters)
    assert "is ignored" in page or "Unknown sort order" in page
    assert titles(page) == ["Rain"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"genres": "'\"\\;--"},
        {"genres": ["x"] * 400},
        {"genres": "x" * 5_000},
        {"year_from": "1e308", "year_to": "-1e308"},
        {"unknown": "1", "_connector": "OR", "password__startswith": "a"},
        {"q": "a" * 2_000},
        {"q": "(a+)+$" * 300},
        {"q": "\r\nSet-Cookie: a=b"},
    ],
)
def test_odd_input_is_taken_as_data(films, client, parameters):
    response = client.get(f"/search?{urlencode(parameters, doseq=True)}")
    assert response.status_code == 200
    assert "Set-Cookie" not in dict(response.headers)


@pytest.mark.parametrize("query", ["q=" + "a" * 2_001, "q=a%00b", "genres=%00", "q=%ff%fe", "q=a&page=%00"])
def test_texts_that_no_search_can_hold_get_a_page_that_says_so(db, client, query):
    response = client.get(f"/search?{query}")
    assert response.status_code == 400
    assert "<h1>Bad request</h1>" in response.content.decode()


def test_htmx_gets_only_what_changes(films, client):
    response = client.get("/search?q=love", headers={"HX-Request": "true"})
    page = response.content.decode()
    assert "<html" not in page and "<header" not in page
    assert page.lstrip().startswith("<title>love")
    assert 'id="facets" hx-swap-oob="innerHTML"' in page
    assert response["HX-Push-Url"] == "/search?q=love"
    assert response["Cache-Control"] == "no-store"
    assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize(
    ("before", "after", "header"),
    [
        ("q=shark", "q=shark+b", "HX-Replace-Url"),
        ("q=shark+b", "q=shark", "HX-Replace-Url"),
        ("q=shark", "q=shark", "HX-Replace-Url"),
        ("", "q=s", "HX-Push-Url"),
        ("q=shark", "q=robot", "HX-Push-Url"),
        ("q=shark", "q=shark&genres=War", "HX-Push-Url"),
        ("q=sharkk", "q=sharkk&correct=0", "HX-Push-Url"),
    ],
)
def test_back_stops_at_searches_and_not_at_letters(films, client, before, after, header):
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver/search?{before}"}
    response = client.get(f"/search?{after}&year_from=", headers=headers)
    assert response[header] == f"/search?{after}"


def test_the_last_word_may_be_unfinished_while_it_is_typed(films, client):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/search?q=gro"}
    page = client.get("/search?q=groundh", headers=headers).content.decode()
    assert titles(page)[0] == "Groundhog Day"


def test_a_page_costs_the_same_queries_whatever_it_shows(films, client):
    def queries(**parameters: object) -> int:
        search(client, **parameters)  # fills the caches that everybody shares
        with CaptureQueriesContext(connection) as captured:
            search(client, **parameters)
        return len(captured)

    assert queries(q="love") == queries(q="jaws") == SEARCH_QUERIES
    assert queries() == queries(page=2) == BROWSE_QUERIES
    assert queries(q="love", genres="Comedy") == SEARCH_QUERIES + ONE_FILTER_QUERIES


def test_suggestions_are_options_that_lead_to_items(films, client):
    page = client.get("/suggest?q=groundh").content.decode()
    assert re.search(r'<a class="suggest__opt" role="option" id="suggest-1" .*? href="/items/\d+/">', page)
    assert "Groundhog Day" in page
    assert client.get("/suggest?q=").content.decode().strip() == ""
    assert client.get(f"/suggest?q={'a' * 5_000}").status_code == 200
