"""The forms for a scenario's settings, event weights and experiments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils import timezone

from dashboard.forms import StyledForm
from dashboard.rules.forms import MOMENT, RowsField
from recommender.models import EventKind
from recommender.serving.experiments import MAX_VARIANT_NAME, kept_models
from recommender.serving.scenarios import (
    BOUNDS,
    LEAST_FACTOR,
    LEGS,
    MAX_FACTOR,
    SCENARIOS,
    SERVING,
    UNTRAINED,
    ScenarioSettings,
    SettingsRefused,
)

LABELS = {
    "length": "Items",
    "freshness_half_life_days": "Freshness half-life (days)",
}
HELP = {
    "length": "Items in a list, unless the request says how many.",
    "diversity": "0 ranks by score only, 1 by dissimilarity only.",
    "calibration": "How strongly to give each interest its share of the list.",
    "exploration": "The share of a list given to randomly drawn items: 0.1 is one in ten.",
    "popularity": "1 counts popularity as measured, 0 not at all, 2 twice.",
    "freshness": "Added to the score of a brand-new item; 1 is about what one close past item adds.",
}
SOURCES = {"near": "Close to the taste", "popular": "Popular", "new": "New"}


def read_factor(row: dict[str, str]) -> dict[str, Any]:
    try:
        return {"filter": row["filter"], "factor": float(row["factor"])}
    except ValueError as error:
        raise forms.ValidationError(f"A factor must be a number from {LEAST_FACTOR} to {MAX_FACTOR:g}.") from error


class SettingsForm(StyledForm, forms.Form):
    """Settings on top of `base`: a field left empty keeps the value there."""

    sources = forms.MultipleChoiceField(
        choices=[(leg, SOURCES[leg]) for leg in LEGS], required=False, widget=forms.CheckboxSelectMultiple
    )
    excluded = forms.CharField(
        required=False, label="Leave out items matching", help_text="For example: category = Western AND year < 1950"
    )
    boosts = RowsField("filter", "factor", read=read_factor, label="Boosts")

    def __init__(self, *args: Any, base: ScenarioSettings, **kwargs: Any) -> None:
        self.base = base
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        changes = {name: value for name, value in self._given(data).items() if name not in self.errors}
        try:
            self.settings = self.base.with_changes(changes)
        except SettingsRefused as error:
            self.take(error.faults)
        return data

    def _given(self, data: Mapping[str, Any]) -> dict[str, Any]:
        numbers = {name: data[name] for name in BOUNDS if data.get(name) is not None}
        given = {name: data[name] for name in ("sources", "excluded", "boosts", "model") if name in data}
        return numbers | given

    def take(self, faults: Mapping[str, str]) -> None:
        """Show faults beside their fields; faults of a single row beside its field of rows."""
        for path, reason in faults.items():
            name = path.partition(".")[0]
            if name not in self.errors:
                self.add_error(name if name in self.fields else None, reason)


class ScenarioForm(SettingsForm):
    """All settings of a scenario except the model, which experiments may choose."""

    def __init__(self, *args: Any, settings: ScenarioSettings, **kwargs: Any) -> None:
        initial = {name: getattr(settings, name) for name in BOUNDS}
        initial |= {
            "sources": list(settings.sources),
            "excluded": settings.excluded,
            "boosts": [{"filter": boost.filter, "factor": f"{boost.factor:g}"} for boost in settings.boosts],
        }
        super().__init__(*args, base=settings, initial=initial, **kwargs)


class VariantForm(SettingsForm):
    """A variant of an experiment: its name, its share, and what it changes in the scenario."""

    name = forms.CharField(required=False, max_length=MAX_VARIANT_NAME, label="Variant")
    share = forms.FloatField(required=False, min_value=0, max_value=100, label="Share (%)")
    model = forms.ChoiceField(required=False, choices=(), label="Scored by")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        models = [(str(pk), f"Taste model {pk}") for pk in kept_models()]
        self.fields["model"].choices = [  # type: ignore[attr-defined]
            (SERVING, "The serving model"),
            (UNTRAINED, "The untrained score"),
            *models,
        ]

    @staticmethod
    def initial_of(row: Mapping[str, Any]) -> dict[str, Any]:
        """A stored variant as the form shows it."""
        changes = dict(row["changes"])
        changes["boosts"] = [{**boost, "factor": f"{boost['factor']:g}"} for boost in changes.get("boosts", ())]
        return {"name": row["name"], "share": f"{100 * row['share']:g}", **changes}

    @property
    def is_empty(self) -> bool:
        return not self.data.get(self.add_prefix("name"), "").strip()

    def _given(self, data: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in super()._given(data).items() if value not in ("", [])}
        return {name: value for name, value in given.items() if (name, value) != ("model", SERVING)}

    def row(self) -> dict[str, Any]:
        """The variant as stored."""
        changes = self._given(self.cleaned_data)
        return {
            "name": self.cleaned_data["name"],
            "share": (self.cleaned_data.get("share") or 0.0) / 100,
            "changes": changes,
        }


def _add_numbers(form: type[SettingsForm]) -> None:
    """Add a field for each numeric setting."""
    for name, (low, high) in BOUNDS.items():
        kind = forms.IntegerField if name == "length" else forms.FloatField
        step = 1 if name == "length" else "any"
        form.base_fields[name] = kind(
            required=False,
            min_value=low,  # type: ignore[arg-type]
            max_value=high,  # type: ignore[arg-type]
            label=LABELS.get(name, name.replace("_", " ").capitalize()),
            help_text=HELP.get(name, ""),
            widget=forms.NumberInput(attrs={"step": step}),
        )


for _form in (ScenarioForm, VariantForm):
    _add_numbers(_form)


class ExperimentForm(StyledForm, forms.Form):
    name = forms.CharField(max_length=100, label="Name")
    scenario = forms.ChoiceField(
        choices=[(scenario.name, scenario.title) for scenario in SCENARIOS.values()], label="Scenario"
    )


class PersonForm(StyledForm, forms.Form):
    """Whose list to look at, and optionally which item to ask about."""

    person = forms.CharField(max_length=150, label="Person", help_text="A username or a visitor's id.")
    scenario = forms.ChoiceField(choices=[(scenario.name, scenario.title) for scenario in SCENARIOS.values()])
    item = forms.CharField(
        max_length=200, required=False, label="Why not this item?", help_text="The item's external id or title."
    )
    as_of = forms.DateTimeField(
        required=False,
        label="As of",
        help_text=f"Empty means now. Time zone: {settings.TIME_ZONE}.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )

    def clean_as_of(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["as_of"]
        if moment is not None and moment > timezone.now():
            raise forms.ValidationError("This is in the future.")
        return moment


class WeightsForm(StyledForm, forms.Form):
    """A weight and a half-life for each kind of event."""

    LEAST, MOST = -20.0, 20.0
    MOST_DAYS = 3_650.0

    def __init__(self, *args: Any, kinds: Mapping[str, EventKind], **kwargs: Any) -> None:
        self.kinds = kinds
        super().__init__(*args, **kwargs)
        for name, kind in kinds.items():
            number = forms.NumberInput(attrs={"step": "any", "class": "input"})
            self.fields[f"{name}_weight"] = forms.FloatField(
                min_value=self.LEAST, max_value=self.MOST, initial=kind.weight, label=f"Weight of {name}", widget=number
            )
            self.fields[f"{name}_days"] = forms.FloatField(
                min_value=0.1,
                max_value=self.MOST_DAYS,
                initial=kind.half_life_days,
                label=f"Half-life of {name} in days",
                widget=forms.NumberInput(attrs={"step": "any", "class": "input"}),
            )

    def rows(self) -> list[tuple[str, forms.BoundField, forms.BoundField]]:
        return [(name, self[f"{name}_weight"], self[f"{name}_days"]) for name in self.kinds]

    def changed_kinds(self) -> dict[str, tuple[float, float]]:
        """Weight and half-life of the kinds that would change."""
        given = {name: (self.cleaned_data[f"{name}_weight"], self.cleaned_data[f"{name}_days"]) for name in self.kinds}
        return {
            name: values
            for name, values in given.items()
            if values != (self.kinds[name].weight, self.kinds[name].half_life_days)
        }


def without_boost(sent: QueryDict, prefix: str = "") -> QueryDict:
    """The submitted data without the boost whose button was pressed."""
    data = sent.copy()
    name = f"{prefix}-boosts" if prefix else "boosts"
    if (place := sent.get(f"un{name}", "")).isdecimal():
        for column in ("filter", "factor"):
            rows = [value for at, value in enumerate(data.getlist(f"{name}_{column}")) if at != int(place)]
            data.setlist(f"{name}_{column}", rows)
    return data
