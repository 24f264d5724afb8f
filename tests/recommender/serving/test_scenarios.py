"""Settings as values: what may be set, and that only differences are stored."""

from __future__ import annotations

import pytest

from recommender.serving.scenarios import PLAIN, SCENARIOS, Boost, ScenarioSettings, SettingsRefused


def test_changes_and_settings_are_each_others_inverse():
    changed = ScenarioSettings(
        length=7, popularity=2.0, boosts=(Boost(filter="number > 1", factor=2.0),), sources=("near",), model="12"
    )
    changes = changed.changes_from(PLAIN)
    assert changes == {
        "length": 7,
        "popularity": 2.0,
        "boosts": ({"filter": "number > 1", "factor": 2.0},),
        "sources": ("near",),
        "model": "12",
    }
    assert PLAIN.with_changes(changes) == changed
    assert PLAIN.changes_from(PLAIN) == {}


@pytest.mark.parametrize(
    ("name", "value", "at"),
    [
        ("length", 0, "length"),
        ("length", 101, "length"),
        ("length", 1.5, "length"),
        ("diversity", 1.1, "diversity"),
        ("diversity", float("nan"), "diversity"),
        ("diversity", "much", "diversity"),
        ("exploration", 0.6, "exploration"),
        ("popularity", -1, "popularity"),
        ("freshness", True, "freshness"),
        ("freshness_half_life_days", 0, "freshness_half_life_days"),
        ("sources", [], "sources"),
        ("sources", ["near", "far"], "sources"),
        ("boosts", [{"filter": "a = b", "factor": 11}], "boosts.0.factor"),
        ("boosts", [{"filter": " ", "factor": 2}], "boosts.0.filter"),
        ("boosts", [{"filter": "a = b", "factor": 2}] * 21, "boosts"),
        ("boosts", "year > 1", "boosts"),
        ("model", "best", "model"),
        ("colour", "red", "colour"),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(name, value, at):
    with pytest.raises(SettingsRefused) as refused:
        PLAIN.with_changes({name: value})
    assert list(refused.value.faults) == [at]


def test_the_defaults_of_every_scenario_may_be_set():
    for scenario in SCENARIOS.values():
        changes = {name: getattr(scenario.defaults, name) for name in ("length", "diversity", "freshness", "sources")}
        assert scenario.defaults.with_changes(changes) == scenario.defaults
