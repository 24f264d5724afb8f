"""Trained taste models as staff see them: their figures, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recommender.models import ProfileState, TasteModel
from recommender.space.choosing import is_training
from recommender.space.training import FEWEST_PEOPLE

MODELS_SHOWN = 30
#: Display names of the figures a training stores, in display order. Intervals are 95%.
FIGURES: Mapping[str, str] = {
    "ndcg@10": "nDCG@10",
    "untrained_ndcg@10": "nDCG@10 untrained",
    "gain": "Gain in nDCG@10 over untrained",
    "gain_over_serving_parameters": "Gain over the serving parameters",
    "people_asked": "People evaluated",
    "people": "People",
    "items": "Items",
    "seconds": "Training time (s)",
}
#: Display names of what a training measures beside the untrained score.
MEASURES: Mapping[str, str] = {
    "ndcg@10": "nDCG@10",
    "recall@10": "Recall@10",
    "coverage@10": "Coverage@10",
    "novelty@10": "Novelty@10 (bits)",
    "cold_recall@10": "Recall@10 of rarely seen items",
}
SIDES = {"trained": "", "untrained": " untrained", "difference": ", gain"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number as displayed, with its interval if it has one."""

    name: str
    text: str
    interval: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    model: TasteModel
    figures: Sequence[Figure]
    parameters: Sequence[Figure]

    @property
    def short(self) -> dict[str, Figure]:
        return {figure.name: figure for figure in self.figures}

    @property
    def gain(self) -> Figure | None:
        return self.short.get("Gain in nDCG@10 over untrained")

    @property
    def ndcg(self) -> Figure | None:
        return self.short.get("nDCG@10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A figure of two models."""

    name: str
    one: Figure | None
    other: Figure | None

    @property
    def differs(self) -> bool:
        return (self.one and self.one.text) != (self.other and self.other.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    rows: Sequence[ModelRow]
    serving: TasteModel | None
    back: TasteModel | None
    """What going back would serve; None for the untrained score."""
    training: bool
    people: int
    """How many people have done anything; counted only while nothing has been trained."""
    fewest_people: int = FEWEST_PEOPLE


def models() -> Models:
    """The newest models, and all that serve or may be served, newest first. Four queries."""
    known = TasteModel.objects.defer("space")
    kept = known.filter(state__in=[TasteModel.State.ACTIVE, TasteModel.State.READY])
    shown = {model.pk: model for model in (*known[:MODELS_SHOWN], *kept)}
    ready = [model for model in kept if model.state == TasteModel.State.READY]
    rows = [row_of(shown[pk]) for pk in sorted(shown, reverse=True)]
    return Models(
        rows=rows,
        serving=next((model for model in kept if model.state == TasteModel.State.ACTIVE), None),
        back=max(ready, key=lambda model: (model.activated_at is not None, model.activated_at), default=None),
        training=is_training(),
        people=0 if rows else ProfileState.objects.count(),
    )


def too_few_people() -> str:
    """Why there is nothing to train on, in words; empty if there may be enough. One query."""
    people = ProfileState.objects.count()
    if people >= FEWEST_PEOPLE:
        return ""
    return f"Training needs {FEWEST_PEOPLE} people who came more than once; {people} have been active so far."


def row_of(model: TasteModel) -> ModelRow:
    known = [_figure(label, model.figures[name]) for name, label in FIGURES.items() if name in model.figures]
    measured = [
        _figure(label + ending, own[side], signed=side == "difference")
        for name, label in MEASURES.items()
        if (own := model.figures.get("measures", {}).get(name))
        for side, ending in SIDES.items()
        if (name, side) != ("ndcg@10", "difference")
    ]
    known = measured + [figure for figure in known if figure.name not in {own.name for own in measured}]
    others = [
        _figure(name, value) for name, value in model.figures.items() if name not in FIGURES and name != "measures"
    ]
    parameters = [_figure(name.replace("_", " ").capitalize(), value) for name, value in model.parameters.items()]
    return ModelRow(model=model, figures=[*known, *others], parameters=parameters)


def pairs(one: ModelRow, other: ModelRow) -> list[Pair]:
    """Figures and parameters of two models side by side."""
    mine = {figure.name: figure for figure in (*one.figures, *one.parameters)}
    theirs = {figure.name: figure for figure in (*other.figures, *other.parameters)}
    return [Pair(name=name, one=mine.get(name), other=theirs.get(name)) for name in dict.fromkeys([*mine, *theirs])]


def _figure(name: str, value: Any, *, signed: bool = False) -> Figure:
    sign = "+" if signed or name.startswith("Gain") else ""
    if isinstance(value, Mapping) and {"mean", "low", "high"} <= value.keys():
        interval = f"{value['low']:{sign}.4f} to {value['high']:{sign}.4f}"
        return Figure(name=name, text=f"{value['mean']:{sign}.4f}", interval=interval)
    if isinstance(value, float):
        return Figure(name=name, text=f"{value:{sign},.4f}".rstrip("0").rstrip("."))
    return Figure(name=name, text=f"{value:,}" if isinstance(value, int) else str(value))
