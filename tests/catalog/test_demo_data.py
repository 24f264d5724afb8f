"""The bundled demo catalogue and members: complete, consistent and varied."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).resolve().parents[2] / "catalog" / "demo"
GENRES = frozenset(
    {"Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Family", "Fantasy", "Horror"}
    | {"Musical", "Mystery", "Romance", "Science fiction", "Thriller", "War", "Western"}
)
KINDS = frozenset({"like", "view", "save", "rating", "dislike", "click"})


@pytest.fixture(scope="module")
def films() -> list[dict[str, Any]]:
    lines = (DEMO / "films.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def members() -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = json.loads((DEMO / "members.json").read_text(encoding="utf-8"))
    return members


def test_every_film_has_the_same_fields(films):
    for film in films:
        assert film.keys() == {"external_id", "title", "body", "category", "attributes"}
        assert film["attributes"].keys() == {
            "year",
            "director",
            "cast",
            "genres",
            "country",
            "languages",
            "runtime_min",
        }
        assert film["title"] == film["title"].strip() != ""


def test_external_ids_are_unique_slugs_that_end_with_the_year(films):
    assert len({film["external_id"] for film in films}) == len(films)
    for film in films:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", film["external_id"])
        assert film["external_id"].endswith(f"-{film['attributes']['year']}")


def test_facts_lie_in_believable_ranges(films):
    for film in films:
        facts = film["attributes"]
        assert 1900 <= facts["year"] <= 2025
        assert 10 <= facts["runtime_min"] <= 600
        assert facts["director"]
        assert facts["country"]
        assert len(facts["cast"]) <= 4
        assert all(facts["cast"])
        assert facts["languages"]


def test_the_category_is_the_first_of_known_genres(films):
    for film in films:
        genres = film["attributes"]["genres"]
        assert film["category"] == genres[0]
        assert set(genres) <= GENRES
        assert len(set(genres)) == len(genres)


def test_every_description_is_a_short_paragraph_of_its_own(films):
    for film in films:
        assert 45 <= len(film["body"].split()) <= 90, film["title"]
        assert 2 <= len(re.findall(r"[.!?](?:\s|$)", film["body"])) <= 6, film["title"]
    assert len({film["body"][:40] for film in films}) == len(films)


def test_the_catalogue_is_varied(films):
    decades = Counter(film["attributes"]["year"] // 10 * 10 for film in films)

    assert len(films) >= 330
    assert all(decades[decade] >= 10 for decade in range(1920, 2030, 10))
    assert {film["category"] for film in films} == GENRES
    assert len({language for film in films for language in film["attributes"]["languages"]}) >= 20
    assert len({film["attributes"]["country"] for film in films}) >= 30


def test_members_are_a_dozen_and_marked_as_demo(members):
    assert len(members) == 12
    assert len({member["username"] for member in members}) == 12
    for member in members:
        assert member.keys() == {"username", "name", "demo", "about", "interactions"}
        assert member["demo"] is True
        assert re.fullmatch("[a-z]+", member["username"])
        assert member["name"]
        assert member["about"]


def test_interactions_name_films_of_the_catalogue_within_the_last_120_days(films, members):
    known = {film["external_id"] for film in films}
    for member in members:
        assert 12 <= len(member["interactions"]) <= 40
        for interaction in member["interactions"]:
            assert interaction.keys() == {"external_id", "kind", "value", "days_ago"}
            assert interaction["external_id"] in known
            assert interaction["kind"] in KINDS
            assert 0 <= interaction["days_ago"] < 120


def test_only_ratings_carry_a_value_and_it_is_in_half_stars(members):
    for interaction in (each for member in members for each in member["interactions"]):
        if interaction["kind"] == "rating":
            assert interaction["value"] in [half / 2 for half in range(1, 11)]
        else:
            assert interaction["value"] is None


def test_no_member_says_two_opposite_things_about_a_film(members):
    for member in members:
        by_kind = {kind: [i for i in member["interactions"] if i["kind"] == kind] for kind in KINDS}
        films_by_kind = {kind: [i["external_id"] for i in interactions] for kind, interactions in by_kind.items()}
        panned = {i["external_id"] for i in by_kind["rating"] if i["value"] < 3}
        assert not {*films_by_kind["dislike"], *panned} & {*films_by_kind["like"], *films_by_kind["save"]}
        assert not {*films_by_kind["dislike"]} & {*films_by_kind["rating"]}
        assert all(len(films) == len(set(films)) for films in films_by_kind.values())


def test_tastes_differ_and_yet_some_films_are_popular(members):
    watched = [{interaction["external_id"] for interaction in member["interactions"]} for member in members]
    audience = Counter(film for films_of_one in watched for film in films_of_one)

    assert sum(count >= 4 for count in audience.values()) >= 10
    for one, other in ((a, b) for index, a in enumerate(watched) for b in watched[:index]):
        assert len(one & other) / len(one | other) < 0.25
