"""The MovieLens catalogue of the data folder, loaded with the commands and mapping that the documentation names."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command

from benchmarks.parts.documents import public_data
from catalog.models import Attribute, ImportRun, Item
from recommender.models import Interaction

MAPPING = settings.BASE_DIR / "docs" / "mappings" / "movies.toml"
ITEMS, RATINGS, USERS = 9_742, 100_836, 610

pytestmark = pytest.mark.usefixtures("committed_db")


def load() -> list[ImportRun]:
    movies = public_data() / "movies"
    call_command("import_items", str(movies / "items.jsonl"), mapping=MAPPING)
    call_command("import_interactions", str(movies / "interactions.csv"), mapping=MAPPING)
    return list(ImportRun.objects.order_by("-id")[:2])[::-1]


def test_movies_and_ratings_are_loaded_and_a_second_time_changes_nothing() -> None:
    of_items, of_ratings = load()
    assert (of_items.state, of_items.created, of_items.rejected) == ("done", ITEMS, 0)
    assert (of_ratings.state, of_ratings.created, of_ratings.rejected) == ("done", RATINGS, 0)
    assert (Item.objects.count(), Interaction.objects.count()) == (ITEMS, RATINGS)
    assert get_user_model().objects.count() == USERS

    story = Item.objects.get(external_id="1")
    assert story.title == "Toy Story"
    assert story.category == "Adventure"
    assert story.attributes["year"] == 1995
    assert "Tom Hanks" in story.attributes["cast"]
    assert set(Attribute.objects.values_list("name", flat=True)) == {"year", "genres", "cast"}
    rating = Interaction.objects.get(user__username="1", item=story)
    assert (rating.kind_id, rating.value, rating.occurred_at.year) == ("rating", 4.0, 2000)

    again, again_ratings = load()
    assert (again.created, again.updated, again.unchanged, again.rejected) == (0, 0, ITEMS, 0)
    assert (again_ratings.created, again_ratings.unchanged) == (0, RATINGS)
    assert (Item.objects.count(), Interaction.objects.count()) == (ITEMS, RATINGS)
    assert get_user_model().objects.count() == USERS
