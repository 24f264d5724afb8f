"""The staff pages for recommendations: scenarios, looking as a person, weights, experiments and models."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from catalog.models import AuditEntry
from dashboard.recommendations.taste_models import MODELS_SHOWN
from recommender.models import EventKind, Experiment, ProfileState, ScenarioChange, ShownList, TasteModel
from recommender.preferences import opt_out
from recommender.serving.configuration import settings_of
from recommender.subjects import Subject
from tests.callers import signed_in
from tests.recommender.spaces import did, make_space

BASE = "/staff/recommendations/"
SETTINGS: dict[str, Any] = {
    "length": "3",
    "diversity": "0",
    "exploration": "0",
    "popularity": "1",
    "freshness": "0",
    "freshness_half_life_days": "30",
    "sources": ["near", "popular", "new"],
}


@pytest.fixture
def staff(db) -> Client:
    return signed_in("staff", is_staff=True)


@pytest.fixture
def ids(db) -> dict[str, int]:
    return make_space()


@pytest.fixture
def mira(ids) -> Subject:
    subject = Subject(user_id=User.objects.create_user("mira", first_name="Mira", last_name="Ek").pk)
    did(subject, "like", ids["space-0"])
    return subject


def known_people(count: int) -> None:
    """Create this many visitors with a history."""
    ProfileState.objects.bulk_create(ProfileState(visitor=uuid4(), changed_at=timezone.now()) for _ in range(count))


def shown(response: Any) -> str:
    """The text of a page, without its tags."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def side(response: Any, name: str) -> list[str]:
    """Titles in a column of a preview, each with its marks."""
    column = response.content.decode().split(f"<h3>{name}")[1].split("</ol>")[0]
    rows = column.split("<li>")[1:]
    return [
        " ".join(
            [
                re.search(r'class="ellipsis"[^>]*>([^<]+)', row)[1].strip(),  # type: ignore[index]
                *re.findall(r'<span class="pill[^>]*>([^<]+)', row),
            ]
        )
        for row in rows
    ]


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_a_scenario_is_previewed_saved_listed_and_set_back(staff, mira):
    address = f"{BASE}scenarios/for-you/"
    assert side(staff.get(address), "Current settings") == side(staff.get(address), "New settings")
    boosted = SETTINGS | {"boosts_filter": ["category = Rain", ""], "boosts_factor": ["10", ""], "person": "MIRA"}
    page = staff.post(address, boosted)
    assert "Mira Ek, 1 event." in shown(page)
    assert not ScenarioChange.objects.exists()
    assert len(side(page, "Current settings")) == 11
    assert len(side(page, "New settings")) == 3
    saved = staff.post(address, boosted | {"save": "yes"}, follow=True)
    assert "For you is saved" in shown(saved)
    assert settings_of("for-you").length == 3
    assert settings_of("for-you").boosts[0].factor == 10
    assert "boosts diversity length" in shown(staff.get(BASE))
    removed = staff.post(address, boosted | {"unboosts": "0"})
    assert removed.context["form"].settings.boosts == ()
    staff.post(address, {"defaults": "yes"})
    assert not ScenarioChange.objects.exists()
    assert actions() == ["person.look", "scenario.change", "scenario.reset"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"length": "0"}, "greater than or equal to 1"),
        ({"diversity": "much"}, "Enter a number"),
        ({"sources": []}, "Choose at least one of"),
        ({"excluded": "colour = red"}, "Unknown field “colour”"),
        ({"boosts_filter": "number > 1", "boosts_factor": "x"}, "A factor must be a number"),
        ({"boosts_filter": "number > 1", "boosts_factor": "99"}, "A factor must be from"),
    ],
)
def test_settings_that_cannot_be_are_refused_beside_their_field(staff, ids, change, message):
    response = staff.post(f"{BASE}scenarios/home/", SETTINGS | change | {"save": "yes"})
    assert response.status_code == 400
    assert message in shown(response)
    assert not ScenarioChange.objects.exists()


def test_a_scenario_that_there_is_not_is_404(staff):
    assert staff.get(f"{BASE}scenarios/nowhere/").status_code == 404


def test_looking_as_a_person_shows_the_list_with_its_shares_and_is_audited(staff, mira):
    assert "Each view is recorded" in shown(staff.get(f"{BASE}people/"))
    page = shown(staff.post(f"{BASE}people/", {"person": "mira", "scenario": "for-you"}))
    assert "Mira Ek 1 event" in page
    assert re.search(r"1 space-\d [\d.]+ taste \d+% space-0", page)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target, entry.detail["scenario"]) == ("person.look", "mira", "for-you")
    assert not ShownList.objects.exists()


def test_somebody_who_opted_out_is_said_to_see_what_strangers_see(staff, mira):
    opt_out(mira)
    page = shown(staff.post(f"{BASE}people/", {"person": "mira", "scenario": "for-you"}))
    assert "turned personalisation off" in page


def test_why_not_an_item_is_answered_by_id_and_by_title(staff, mira, ids):
    for text in ("space-0", "SPACE-0"):
        page = shown(staff.post(f"{BASE}people/", {"person": "mira", "scenario": "for-you", "item": text}))
        assert "Why not “space-0”? The person has already seen it (like on" in page
    page = shown(staff.post(f"{BASE}people/", {"person": "mira", "scenario": "for-you", "item": "space-1"}))
    assert "“space-1” is at place" in page
    page = shown(staff.post(f"{BASE}people/", {"person": "mira", "scenario": "for-you", "item": "nothing"}))
    assert "No item has this external id or title" in page


def test_looking_as_of_a_moment_shows_the_list_of_then_and_what_was_not_kept(staff, mira, ids):
    did(mira, "like", ids["rain-0"], days_ago=-1)
    asked = {"person": "mira", "scenario": "for-you", "item": "rain-0"}
    assert "Why not “rain-0”? The person has already seen it" in shown(staff.post(f"{BASE}people/", asked))
    page = shown(staff.post(f"{BASE}people/", asked | {"as_of": "2026-03-01T12:00"}))
    assert "As of 1 Mar 2026, 12:00 UTC, from what was known then. Not recorded at the time" in page
    assert "The person has already seen it" not in page
    refused = staff.post(f"{BASE}people/", asked | {"as_of": "2999-01-01T00:00"})
    assert refused.status_code == 400
    assert "This is in the future." in shown(refused)


def test_a_preview_begins_with_whoever_did_most_of_late_and_is_not_opted_out(staff, mira, ids):
    ada, bob = (Subject(user_id=User.objects.create_user(name).pk) for name in ("ada", "bob"))
    did(ada, "like", ids["rain-0"], ids["rain-1"])
    did(bob, "like", *ids.values())
    opt_out(bob)
    assert 'value="ada"' in staff.get(f"{BASE}weights/").content.decode()


@pytest.mark.parametrize("name", ["nobody", "00000000-0000-0000-0000-000000000001", "a\0b"])
def test_somebody_that_there_is_not_is_refused_and_not_audited(staff, ids, name):
    response = staff.post(f"{BASE}people/", {"person": name, "scenario": "for-you"})
    assert response.status_code == 400
    assert actions() == []


def weights(**changes: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for kind in EventKind.objects.all():
        values |= {f"{kind.name}_weight": str(kind.weight), f"{kind.name}_days": str(kind.half_life_days)}
    return values | changes


def test_weights_are_tried_on_somebody_before_they_are_saved(staff, mira, ids):
    did(mira, "view", ids["rain-0"])
    ProfileState.objects.update(due_at=None)
    page = staff.post(f"{BASE}weights/", weights(view_weight="20", like_weight="0.1") | {"person": "mira"})
    assert side(page, "Current weights")[0].startswith("space")
    assert side(page, "New weights")[0].startswith("rain")
    assert EventKind.objects.get(pk="view").weight == 0.3
    assert not ProfileState.objects.exclude(due_at=None).exists()
    assert actions() == ["person.look"]
    staff.post(f"{BASE}weights/", weights(view_weight="19") | {"person": "mira"})
    assert actions() == ["person.look"]


def test_saved_weights_make_every_profile_due(staff, mira):
    ProfileState.objects.update(due_at=None)
    page = staff.post(f"{BASE}weights/", weights(view_weight="2", view_days="9") | {"save": "yes"}, follow=True)
    assert "1 profiles are being recomputed" in shown(page)
    kind = EventKind.objects.get(pk="view")
    assert (kind.weight, kind.half_life_days) == (2, 9)
    assert not ProfileState.objects.filter(due_at=None).exists()
    assert AuditEntry.objects.get(action="weights.change").detail == {"view": [2.0, 9.0]}
    refused = staff.post(f"{BASE}weights/", weights(view_weight="99") | {"save": "yes"})
    assert refused.status_code == 400


EXPERIMENT: dict[str, Any] = {
    "name": "Length",
    "scenario": "for-you",
    "v0-name": "As it is",
    "v0-share": "50",
    "v0-model": "serving",
    "v1-name": "Short",
    "v1-share": "50",
    "v1-model": "untrained",
    "v1-length": "3",
}


def test_an_experiment_is_drafted_started_watched_and_stopped(staff, ids):
    assert "New experiment" in shown(staff.get(f"{BASE}experiments/new/"))
    saved = staff.post(f"{BASE}experiments/new/", EXPERIMENT, follow=True)
    assert "“Length” is saved" in shown(saved)
    experiment = Experiment.objects.get()
    assert experiment.variants == [
        {"name": "As it is", "share": 0.5, "changes": {}},
        {"name": "Short", "share": 0.5, "changes": {"length": 3, "model": "untrained"}},
    ]
    page = f"{BASE}experiments/{experiment.pk}/"
    draft = staff.get(page)
    assert 'value="Short"' in draft.content.decode()
    assert "have the same settings" not in shown(draft)
    assert "is running. People are split" in shown(staff.post(f"{page}start", follow=True))
    for unit in range(20):
        ShownList.objects.create(
            shown_at=experiment.created_at,
            source="page",
            scenario="for-you",
            experiment_id=experiment.pk,
            variant="Short" if unit % 2 else "As it is",
            unit=unit,
            item_ids=[1],
            clicked=[1] if unit % 2 else [],
            acted=[],
        )
    figures = shown(staff.get(page))
    assert "20 people so far" in figures
    assert "+100.0 points" in figures
    assert "Better" in figures
    assert "were not split" not in figures
    refused = staff.post(page, EXPERIMENT | {"name": "Other"}, follow=True)
    assert "can no longer be changed" in shown(refused)
    assert staff.post(f"{page}delete").status_code == 404
    assert "is stopped" in shown(staff.post(f"{page}stop", follow=True))
    staff.post(f"{page}delete")
    assert not Experiment.objects.exists()
    assert actions() == [f"experiment.{name}" for name in ("create", "start", "stop", "delete")]


def test_variants_that_make_the_same_lists_are_told_of(staff, ids):
    equal = EXPERIMENT | {"v1-model": "serving", "v1-length": "20"}
    warning = "“As it is” and “Short” have the same settings"
    assert warning in shown(staff.post(f"{BASE}experiments/new/", equal, follow=True))
    page = f"{BASE}experiments/{Experiment.objects.get().pk}/"
    assert warning in shown(staff.post(f"{page}start", follow=True))


def test_the_page_warns_of_a_split_that_did_not_go_as_it_should(staff, ids):
    staff.post(f"{BASE}experiments/new/", EXPERIMENT)
    experiment = Experiment.objects.get()
    staff.post(f"{BASE}experiments/{experiment.pk}/start")
    ShownList.objects.bulk_create(
        ShownList(
            shown_at=experiment.created_at,
            source="page",
            scenario="for-you",
            experiment_id=experiment.pk,
            variant="As it is",
            unit=unit,
            item_ids=[1],
        )
        for unit in range(40)
    )
    assert "People were not split as the shares say" in shown(staff.get(f"{BASE}experiments/{experiment.pk}/"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "This field is required"),
        ({"v1-name": ""}, "An experiment must have 2 to 5 variants"),
        ({"v1-name": "As it is"}, "Two variants are named"),
        ({"v1-share": "0"}, "A share must be from 1%"),
        ({"v1-length": "500"}, "less than or equal to 100"),
        ({"v1-excluded": "colour = red"}, "Unknown field"),
        ({"v1-model": "17"}, "Select a valid choice"),
    ],
)
def test_an_experiment_that_cannot_be_is_refused_beside_its_field(staff, ids, change, message):
    response = staff.post(f"{BASE}experiments/new/", EXPERIMENT | change)
    assert response.status_code == 400
    assert message in shown(response)
    assert not Experiment.objects.exists()


def test_models_are_listed_compared_served_and_gone_back_from(staff):
    gain = {"mean": 0.012, "low": 0.004, "high": 0.02}
    old, new = (
        TasteModel.objects.create(
            version_id=1,
            state=state,
            parameters={"ridge": ridge},
            figures={"ndcg@10": ndcg, "gain": gain, "people": 1_234},
            activated_at=f"2026-03-0{day}T00:00Z",
        )
        for state, ridge, ndcg, day in (("ready", 100.0, 0.25, 1), ("active", 500.0, 0.26, 2))
    )
    page = shown(staff.get(f"{BASE}models/"))
    assert f"Taste model {new.pk} is serving" in page
    assert "+0.0120 +0.0040 to +0.0200" in page
    assert f"Roll back to model {old.pk}" in page
    compared = shown(staff.get(f"{BASE}models/", {"one": old.pk, "other": new.pk}))
    assert "nDCG@10 0.25 0.26" in compared
    assert "Ridge 100 500" in compared
    staff.post(f"{BASE}models/{old.pk}/serve")
    assert TasteModel.objects.active() == old
    staff.post(f"{BASE}models/back")
    assert TasteModel.objects.active() == new
    assert staff.post(f"{BASE}models/{old.pk}/serve").status_code == 404
    assert actions() == ["model.serve", "model.back"]


def test_the_serving_model_is_listed_however_many_were_refused_since(staff):
    old, serving = (
        TasteModel.objects.create(version_id=1, state=state, activated_at=f"2026-03-0{day}T00:00Z")
        for state, day in (("ready", 1), ("active", 2))
    )
    for _ in range(MODELS_SHOWN):
        TasteModel.objects.create(version_id=1, state="refused")
    page = shown(staff.get(f"{BASE}models/"))
    assert f"Taste model {serving.pk} is serving" in page
    assert f"Roll back to model {old.pk}" in page


def test_training_is_asked_for_and_said_to_be_under_way(staff, settings):
    assert "No training is in progress" in shown(staff.get(f"{BASE}models/", headers={"HX-Request": "true"}))
    known_people(20)
    page = shown(staff.post(f"{BASE}models/train", follow=True))
    assert "A worker is training a model" in page
    assert actions() == ["model.train"]


def test_too_few_people_to_train_on_are_told_before_a_worker_is(staff):
    known_people(3)
    assert "20 people who came more than once; 3 have been active so far" in shown(staff.get(f"{BASE}models/"))
    page = shown(staff.post(f"{BASE}models/train", follow=True))
    assert "Training needs 20 people who came more than once; 3 have been active so far." in page
    assert "A worker is training a model" not in page
    assert actions() == []
