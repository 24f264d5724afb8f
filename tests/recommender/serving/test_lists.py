"""Lists from the page or the API to the log, and back by a click."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from recommender.models import ShownList
from recommender.serving.assignment import assignment_for
from recommender.serving.lists import buffer
from recommender.subjects import Subject
from tests.callers import with_key
from tests.recommender.serving.test_experiments import running
from tests.recommender.spaces import make_space

Logged = Callable[[], list[ShownList]]


@pytest.fixture
def log(committed_db: str, settings: Any) -> Iterator[Logged]:
    """The log of a database of the test's own: call it for all lists, the first shown first."""

    def lists() -> list[ShownList]:
        buffer.close()  # writes what there is; the next event starts the thread again
        return list(ShownList.objects.order_by("shown_at", "id"))

    settings.RECOMMENDATION_LOG = True
    yield lists
    buffer.close()


def test_the_api_says_the_variant_and_clicks_are_counted_by_request(log):
    ids = make_space()
    experiment = running()
    user = User.objects.create_user("ada")
    program = with_key("write")
    answer = program.get("/api/v1/recommendations", {"user": user.username}).json()
    variant = assignment_for("for-you", Subject(user_id=user.pk)).variant
    assert answer["variant"] == {"experiment": "Length", "variant": variant}
    assert answer["scenario"] == "for-you"
    assert program.get("/api/v1/recommendations", {"user": user.username, "scenario": "cart"}).json()["variant"] is None
    listed = [row["item"]["id"] for row in answer["recommendations"]]
    event = {"user": user.username, "request_id": answer["request_id"], "item": listed[1]}
    log()
    program.post("/api/v1/interactions", event | {"kind": "click"}, format="json")
    program.post("/api/v1/interactions", event | {"kind": "buy"}, format="json")
    program.post("/api/v1/interactions", event | {"kind": "dislike", "item": listed[0]}, format="json")
    first, second = log()
    assert (first.item_ids, first.clicked, first.acted) == (listed, [2], [2])
    assert (first.experiment_id, first.variant, first.source) == (experiment.pk, variant, "api")
    assert first.unit is not None
    assert (second.scenario, second.experiment_id, second.unit) == ("cart", None, None)
    assert set(listed) <= set(ids.values())
