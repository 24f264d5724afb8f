"""The worked example of docs/search.md: its items, its query and every number it prints."""

from __future__ import annotations

import re
from importlib import import_module

import numpy as np
import pytest

from catalog.index.keywords import built_settings
from catalog.items.saving import save_items
from catalog.ranking.fusion import fuse, semantic_level
from catalog.search import search, spelling, taste
from catalog.search.lexical import read_words
from catalog.search.queries import SearchQuery
from tests.docs.pages import page

PAGE = page("search.md")


def items() -> list[dict[str, str]]:
    rows = re.findall(r"^\| (\d) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    return [{"external_id": number, "title": title, "body": body} for number, title, body in rows]


def printed(pattern: str) -> float:
    found = re.search(pattern, PAGE)
    assert found, pattern
    return float(found[1])


@pytest.mark.django_db
def test_the_numbers_of_the_keyword_leg_are_those_that_search_computes():
    assert len(items()) == 3
    save_items(items())
    words = read_words("robot")
    hit, *others = search(SearchQuery(text="robot", semantic_ratio=0)).hits

    assert hit.item.external_id == "1"
    assert not others
    assert words.terms[0].idf == pytest.approx(printed(r"\(1 \+ \.5\)\) = ([\d.]+\d)"), abs=5e-5)
    assert words.average_length == pytest.approx(printed(r"average is\s+([\d.]+\d)"), abs=5e-5)
    assert hit.keyword_score == pytest.approx(printed(r"7\.3333\)\) = ([\d.]+)"), abs=5e-5)
    assert words.score_bound == pytest.approx(printed(r"bound = .* = ([\d.]+)"), abs=5e-5)
    assert hit.score == pytest.approx(printed(r"0\.2 \* 1 / 2 = ([\d.]+\d)"), abs=5e-5)


def test_the_numbers_of_the_fused_score_are_those_of_fusion():
    fused = fuse(
        keyword_levels=np.array([printed(r"0\.2 \* 1 / 2 = ([\d.]+\d)")]),
        semantic_levels=semantic_level(
            np.array([printed(r"a cosine of ([\d.]+) and")]), cutoff=printed(r"a cut-off\s+of ([\d.]+), level")
        ),
        ratio=0.5,
    )

    assert fused.scores[0] == pytest.approx(printed(r"0\.5 \* 0\.6 = ([\d.]+\d)"), abs=1e-4)


def test_the_limits_of_corrections_and_of_a_taste_are_those_of_the_code():
    assert printed(r"It has (\d+) letters or more") == spelling.MIN_CHARACTERS
    assert printed(r"from (\d+) letters on two") == spelling.TWO_MISTAKES_FROM
    assert printed(r"at most (\.\d+) of the score either way") == taste.LARGEST_PART


@pytest.mark.django_db
def test_the_weights_of_fields_and_the_languages_are_those_of_the_index():
    assert printed(r"(\d) for the title, 1 for the others") == built_settings().title_weight
    languages = import_module("catalog.migrations.0004_keywords").LANGUAGES
    named = re.search(r"There\s+are stemmers for (.*?);", PAGE, re.DOTALL)
    assert named is not None
    assert re.split(r",\s+|\s+and\s+", named[1]) == sorted({name.capitalize() for name in languages.values()})
