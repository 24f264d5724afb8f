"""Experiments: what they may contain, starting and stopping them, and their results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from recommender.models import Experiment, TasteModel
from recommender.serving.configuration import settings_of
from recommender.serving.saving import checked
from recommender.serving.scenarios import SCENARIOS, SERVING, UNTRAINED, Faults, SettingsRefused
from recommender.serving.statistics import MISMATCH, Interval, Sums, difference, rate_interval, sample_ratio_p

FEWEST_VARIANTS, MAX_VARIANTS = 2, 5
MAX_NAME, MAX_VARIANT_NAME = 100, 40
LEAST_SHARE = 0.01

# Sums over people of the lists each was shown and opened; see `statistics.Sums`.
SUMS_SQL = """
    SELECT variant, count(*), sum(n), sum(c), sum(n * n), sum(c * c), sum(n * c), sum(a)
    FROM (
        SELECT variant, unit, count(*)::float8 AS n, (count(*) FILTER (WHERE clicked <> '{}'))::float8 AS c,
            count(*) FILTER (WHERE acted <> '{}') AS a
        FROM recommender_shownlist WHERE experiment_id = %s GROUP BY variant, unit
    ) AS people
    GROUP BY variant
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantResult:
    """The results of a variant; `gain` is its rate minus the first variant's, None for the first variant itself."""

    name: str
    share: float
    sums: Sums
    acted: int
    rate: Interval | None
    gain: Interval | None

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or empty if it is too early or too close to tell."""
        if self.gain is None or self.gain.low <= 0 <= self.gain.high:
            return ""
        return "better" if self.gain.low > 0 else "worse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    variants: Sequence[VariantResult]
    ratio_p: float
    """The probability that chance alone splits people at least this far from their shares."""

    @property
    def is_mismatched(self) -> bool:
        """Whether people were not split according to the shares, which makes the rates meaningless."""
        return self.ratio_p < MISMATCH

    @property
    def people(self) -> int:
        return sum(variant.sums.people for variant in self.variants)


def save_experiment(experiment: Experiment) -> None:
    """Validate and save an experiment; one that was started can no longer be changed. Raises SettingsRefused."""
    check_experiment(experiment)
    try:
        with transaction.atomic():
            experiment.save()
    except IntegrityError as error:
        raise SettingsRefused({"name": "Another experiment already has this name."}) from error


def check_experiment(experiment: Experiment) -> None:
    """Raise SettingsRefused with every fault found."""
    faults: Faults = {}
    for check in (_state, _name, _scenario, _variants):
        for field, reason in check(experiment):
            faults.setdefault(field, reason)
    if faults:
        raise SettingsRefused(faults)


def _state(experiment: Experiment) -> Iterator[tuple[str, str]]:
    if experiment.state != Experiment.State.DRAFT:
        yield "", "An experiment that has started can no longer be changed, because that would mix two sets of results."


def _name(experiment: Experiment) -> Iterator[tuple[str, str]]:
    experiment.name = " ".join(experiment.name.split())
    if not 1 <= len(experiment.name) <= MAX_NAME:
        yield "name", f"A name must have 1 to {MAX_NAME} characters."
    elif Experiment.objects.other_than(experiment).named(experiment.name):
        yield "name", "Another experiment already has this name."


def _scenario(experiment: Experiment) -> Iterator[tuple[str, str]]:
    if experiment.scenario not in SCENARIOS:
        yield "scenario", f"The scenario must be one of {', '.join(SCENARIOS)}."


def _variants(experiment: Experiment) -> Iterator[tuple[str, str]]:
    rows = experiment.variants
    if not FEWEST_VARIANTS <= len(rows) <= MAX_VARIANTS:
        yield "variants", f"An experiment must have {FEWEST_VARIANTS} to {MAX_VARIANTS} variants."
        return
    names = [" ".join(row["name"].split()) for row in rows]
    for index, (row, name) in enumerate(zip(rows, names, strict=True)):
        row["name"] = name
        if not 1 <= len(name) <= MAX_VARIANT_NAME:
            yield f"variants.{index}.name", f"A name must have 1 to {MAX_VARIANT_NAME} characters."
        elif name in names[:index]:
            yield f"variants.{index}.name", f"Two variants are named “{name}”."
        if not LEAST_SHARE <= row["share"] <= 1:
            yield f"variants.{index}.share", f"A share must be from {LEAST_SHARE:.0%} to 100%."
        if experiment.scenario in SCENARIOS:
            yield from _changes(experiment.scenario, index, row["changes"])


def _changes(scenario: str, index: int, changes: dict[str, object]) -> Iterator[tuple[str, str]]:
    try:
        settings = checked(settings_of(scenario), changes)
    except SettingsRefused as error:
        for field, reason in error.faults.items():
            yield f"variants.{index}.{field}", reason
        return
    if settings.model not in (SERVING, UNTRAINED) and int(settings.model) not in kept_models():
        yield f"variants.{index}.model", f"Taste model {settings.model} is no longer kept."


def equal_variants(experiment: Experiment) -> list[tuple[str, str]]:
    """Pairs of names of variants that make the same lists because their changes equal the scenario's own settings.

    That is allowed: such an A/A test shows whether people are split and counted correctly.
    """
    base = asdict(settings_of(experiment.scenario)) if experiment.scenario in SCENARIOS else {}
    settings = [(row["name"], _filled_in(base, row["changes"])) for row in experiment.variants]
    return [(one, other) for (one, own), (other, others) in combinations(settings, 2) if own == others]


def _filled_in(base: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Settings by name. Nothing is refused, as an experiment of the past may contain settings no longer known."""
    lists_as_tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()}
    return {**base, **lists_as_tuples}


def kept_models() -> list[int]:
    """The taste models that lists can be made with, newest first."""
    states = [TasteModel.State.ACTIVE, TasteModel.State.READY]
    return list(TasteModel.objects.filter(state__in=states).order_by("-pk").values_list("pk", flat=True))


def start(experiment: Experiment) -> None:
    """Start splitting people. Raises SettingsRefused if the experiment is invalid or another runs for the scenario."""
    check_experiment(experiment)
    drafts = Experiment.objects.filter(pk=experiment.pk, state=Experiment.State.DRAFT)
    try:
        with transaction.atomic():
            drafts.update(state=Experiment.State.RUNNING, started_at=Now())
    except IntegrityError as error:
        raise SettingsRefused({"": "Another experiment is running for this scenario. Stop it first."}) from error


def stop(experiment: Experiment) -> bool:
    """Return everybody to the scenario's own settings; return whether the experiment was running."""
    running = Experiment.objects.running().filter(pk=experiment.pk)
    return bool(running.update(state=Experiment.State.STOPPED, stopped_at=Now()))


def results_of(experiment: Experiment) -> Results:
    """The results of an experiment so far. One query, which reads its lists once."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS_SQL, [experiment.pk])
        found = {variant: sums for variant, *sums in cursor.fetchall()}
    rows = [(row["name"], row["share"], *_sums(found.get(row["name"]))) for row in experiment.variants]
    control = rows[0][2] if rows else None
    return Results(
        variants=[
            VariantResult(
                name=name,
                share=share,
                sums=sums,
                acted=acted,
                rate=rate_interval(sums),
                gain=None if control is None or place == 0 else difference(control, sums),
            )
            for place, (name, share, sums, acted) in enumerate(rows)
        ],
        ratio_p=sample_ratio_p([sums.people for _, _, sums, _ in rows], [share for _, share, _, _ in rows]),
    )


def _sums(row: Sequence[float] | None) -> tuple[Sums, int]:
    people, n, c, nn, cc, nc, acted = row or (0, 0, 0, 0, 0, 0, 0)
    return Sums(people=int(people), n=n, c=c, nn=nn, cc=cc, nc=nc), int(acted)
