"""Experiments from draft to results."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.querylog.visits import COOKIE
from recommender.models import Experiment, ShownList, SplitUnit, TasteModel
from recommender.recommend import recommend
from recommender.serving.assignment import assignment_for
from recommender.serving.experiments import results_of, save_experiment, start, stop
from recommender.serving.scenarios import SettingsRefused
from recommender.serving.units import unit_of
from recommender.subjects import Subject
from tests.recommender.spaces import make_space

pytestmark = pytest.mark.django_db
VARIANTS: list[dict[str, Any]] = [
    {"name": "as it is", "share": 0.5, "changes": {}},
    {"name": "short", "share": 0.5, "changes": {"length": 3}},
]


def draft(name: str = "Length", **fields: Any) -> Experiment:
    variants = json.loads(json.dumps(fields.pop("variants", VARIANTS)))
    return Experiment(name=name, scenario=fields.pop("scenario", "for-you"), variants=variants, **fields)


def running(**fields: Any) -> Experiment:
    experiment = draft(**fields)
    save_experiment(experiment)
    start(experiment)
    experiment.refresh_from_db()
    return experiment


def users(count: int) -> list[User]:
    return User.objects.bulk_create(User(username=f"person-{number}") for number in range(count))


def variant_of(user: User) -> str:
    return assignment_for("for-you", Subject(user_id=user.pk)).variant


def test_everybody_keeps_a_variant_until_the_experiment_stops():
    make_space()
    people = users(40)
    experiment = running()
    given = {user.pk: variant_of(user) for user in people}
    assert set(given.values()) == {"as it is", "short"}
    assert {user.pk: variant_of(user) for user in people} == given
    for user in people[:6]:
        expected = 3 if given[user.pk] == "short" else 12
        assert len(recommend(Subject(user_id=user.pk))) == expected
    assert assignment_for("home", Subject(user_id=people[0].pk)).variant == ""
    assert assignment_for("for-you", Subject()).variant == ""
    assert stop(experiment)
    assert not stop(experiment)
    assert {variant_of(user) for user in people} == {""}


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"name": " "}, "name"),
        ({"name": "Taken"}, "name"),
        ({"scenario": "nowhere"}, "scenario"),
        ({"variants": VARIANTS[:1]}, "variants"),
        ({"variants": VARIANTS * 3}, "variants"),
        ({"variants": [VARIANTS[0], VARIANTS[0]]}, "variants.1.name"),
        ({"variants": [VARIANTS[0], {**VARIANTS[1], "share": 0}]}, "variants.1.share"),
        ({"variants": [VARIANTS[0], {**VARIANTS[1], "changes": {"length": 0}}]}, "variants.1.length"),
        ({"variants": [VARIANTS[0], {**VARIANTS[1], "changes": {"excluded": "colour = red"}}]}, "variants.1.excluded"),
        ({"variants": [VARIANTS[0], {**VARIANTS[1], "changes": {"model": "99"}}]}, "variants.1.model"),
        ({"state": "running"}, ""),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(change, at):
    save_experiment(draft("Taken", scenario="home"))
    with pytest.raises(SettingsRefused) as refused:
        save_experiment(draft(**change))
    assert list(refused.value.faults) == [at]


def test_one_experiment_runs_in_a_scenario():
    running()
    other = draft("Other")
    save_experiment(other)
    with pytest.raises(SettingsRefused, match="Another experiment is running"):
        start(other)
    assert running(name="Elsewhere", scenario="home").state == "running"


def test_a_variant_may_be_served_untrained_or_by_a_model_that_is_kept():
    serving = TasteModel.objects.create(version_id=1, state="active")
    kept = TasteModel.objects.create(version_id=1, state="ready")
    models = ["serving", "untrained", str(kept.pk)]
    running(variants=[{"name": name, "share": 1, "changes": {"model": name}} for name in models])
    given = {}
    for user in users(40):
        assigned = assignment_for("for-you", Subject(user_id=user.pk))
        given[assigned.variant] = assigned.model_id
    assert given == {"serving": serving.pk, "untrained": None, str(kept.pk): kept.pk}
    assert Experiment.objects.models_wanted() == {kept.pk}


def shown(variant: str, unit: int, *, clicked: bool = False, experiment: Experiment) -> None:
    ShownList.objects.create(
        shown_at="2026-03-01T12:00Z",
        source="page",
        scenario="for-you",
        experiment_id=experiment.pk,
        variant=variant,
        unit=unit,
        item_ids=[1, 2],
        clicked=[2] if clicked else [],
        acted=[],
    )


def test_the_figures_are_counted_by_people():
    experiment = running()
    for unit in range(4):
        shown("as it is", unit, clicked=unit == 0, experiment=experiment)
        shown("short", 10 + unit, clicked=unit != 0, experiment=experiment)
    shown("short", 10, experiment=experiment)
    found = results_of(experiment)
    control, variant = found.variants
    assert (control.sums.people, control.sums.n, control.sums.c, control.gain) == (4, 4, 1, None)
    assert (variant.sums.people, variant.sums.n, variant.sums.c, variant.sums.nn) == (4, 5, 3, 7)
    assert variant.gain is not None
    assert variant.gain.estimate == pytest.approx(3 / 5 - 1 / 4)
    assert variant.verdict == ""
    assert (found.ratio_p, found.is_mismatched, found.people) == (1, False, 8)


def test_a_split_that_did_not_go_as_it_should_is_told():
    experiment = running()
    for unit in range(40):
        shown("as it is", unit, clicked=unit % 2 == 0, experiment=experiment)
    for unit in range(5):
        shown("short", 100 + unit, experiment=experiment)
    found = results_of(experiment)
    assert found.is_mismatched
    assert found.variants[1].verdict == "worse"


def test_a_visitor_who_signs_up_keeps_the_variant(db, settings):
    settings.RECOMMENDATION_LOG = True
    ids = make_space()
    running()
    browser = Client()
    browser.cookies[COOKIE] = "00000000000000000000000000000007"
    browser.post(f"/items/{ids['space-0']}/seen")
    visit_unit = browser.session["split"]
    browser.post("/sign-up/", {"username": "ada", "password1": "corner-shop-17", "password2": "corner-shop-17"})
    user = User.objects.get(username="ada")
    assert SplitUnit.objects.get(pk=user.pk).unit == visit_unit == unit_of(Subject(user_id=user.pk))


def test_at_sign_in_the_accounts_own_variant_counts(db):
    user = User.objects.create_user("ada", password="corner-shop-17")
    own = unit_of(Subject(user_id=user.pk))
    browser = Client()
    browser.post("/sign-in/", {"username": "ada", "password": "corner-shop-17"})
    assert not SplitUnit.objects.exists()
    assert unit_of(Subject(user_id=user.pk)) == own
