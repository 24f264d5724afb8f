"""Query sets: creating and changing them, and grading items for their queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone

from catalog.errors import InvalidQuery
from catalog.models import Item, JudgedQuery, JudgedSet, Judgement, SearchIntent
from catalog.models.judged import HIGHEST_GRADE
from catalog.models.searches import TEXT_KEPT
from catalog.search.queries import SearchQuery, check_query

MOST_SETS, MOST_QUERIES = 500, 1_000
LOGGED_DAYS = 90


class SetRefused(ValueError):
    """A query set cannot hold this; `field` names what is wrong."""

    def __init__(self, reason: str, *, field: str = "") -> None:
        super().__init__(reason)
        self.field = field


def create_set(*, name: str, queries: Iterable[str] = (), created_by: User | None = None) -> JudgedSet:
    """Create a set with these queries. Raises SetRefused."""
    name = _name(name)
    if JudgedSet.objects.count() >= MOST_SETS:
        raise SetRefused(f"There are already {MOST_SETS} sets. Delete one first.", field="name")
    with transaction.atomic():
        try:
            with transaction.atomic():
                judged_set = JudgedSet.objects.create(name=name, created_by=created_by)
        except IntegrityError as error:
            raise SetRefused(f"A set named “{name}” already exists.", field="name") from error
        add_queries(judged_set, queries)
    return judged_set


def hold(set_id: int) -> None:
    """Lock a set until the transaction ends. Raises Http404 if it no longer exists.

    Everything that writes to a set, or to what belongs to it, locks it first: this avoids deadlocks, and nothing is
    added to a set that is being deleted.
    """
    get_object_or_404(JudgedSet.objects.select_for_update(), pk=set_id)


def hold_query(query: JudgedQuery) -> None:
    """Lock the set of a query. Raises Http404 if either no longer exists."""
    hold(query.judged_set_id)
    get_object_or_404(JudgedQuery, pk=query.pk)


@transaction.atomic
def delete_set(judged_set: JudgedSet) -> None:
    """Delete a set with its judgements and measurements. Raises Http404 if it no longer exists."""
    hold(judged_set.pk)
    judged_set.delete()


@transaction.atomic
def delete_query(query: JudgedQuery) -> None:
    """Delete a query and its judgements."""
    hold(query.judged_set_id)
    query.delete()


def rename_set(judged_set: JudgedSet, name: str) -> None:
    """Raises SetRefused."""
    judged_set.name = _name(name)
    try:
        with transaction.atomic():
            hold(judged_set.pk)
            judged_set.save(update_fields=["name"])
    except IntegrityError as error:
        raise SetRefused(f"A set named “{judged_set.name}” already exists.", field="name") from error


def add_queries(judged_set: JudgedSet, texts: Iterable[str]) -> int:
    """Add the queries that are new to the set and return how many. Raises SetRefused, and then adds none."""
    wanted: dict[str, str] = {}
    for text in map(clean_text, texts):
        wanted.setdefault(text.lower(), text)
    with transaction.atomic():
        hold(judged_set.pk)
        known = queries_by_text(judged_set)
        new = [text for lower, text in wanted.items() if lower not in known]
        if len(known) + len(new) > MOST_QUERIES:
            reason = f"A set can have at most {MOST_QUERIES:,} queries; this would make {len(known) + len(new):,}."
            raise SetRefused(reason, field="queries")
        JudgedQuery.objects.bulk_create(JudgedQuery(judged_set=judged_set, text=text) for text in new)
    return len(new)


def queries_by_text(judged_set: JudgedSet) -> dict[str, JudgedQuery]:
    """The queries of a set by text in lower case."""
    return {query.text.lower(): query for query in judged_set.queries.all()}


def clean_text(text: str) -> str:
    """The text with single spaces, as sets store it. Raises SetRefused."""
    text = " ".join(text.split())
    if not text:
        raise SetRefused("A query needs a text.", field="queries")
    if len(text) > TEXT_KEPT:
        raise SetRefused(f"A query may have at most {TEXT_KEPT} characters: “{text[:40]}…”.", field="queries")
    try:
        check_query(SearchQuery(text=text))
    except InvalidQuery as error:
        raise SetRefused(str(error), field="queries") from error
    return text


@transaction.atomic
def judge(query: JudgedQuery, grades: Mapping[int, int], *, judged_by: User | None = None) -> None:
    """Set or replace the grades of items, by id, for a query. Raises SetRefused."""
    if any(not 0 <= grade <= HIGHEST_GRADE for grade in grades.values()):
        raise SetRefused(f"A grade must be from 0 to {HIGHEST_GRADE}.", field="grade")
    hold_query(query)
    keep_judgements(
        Judgement(query=query, item_id=item_id, grade=grade, judged_by=judged_by) for item_id, grade in grades.items()
    )


@transaction.atomic
def judge_others(query: JudgedQuery, items: Iterable[Item], *, judged_by: User | None = None) -> None:
    """Grade with 0 those items that have no grade for the query yet, keeping any that was given a moment ago."""
    hold_query(query)
    others = [Judgement(query=query, item=item, grade=0, judged_by=judged_by) for item in items]
    Judgement.objects.bulk_create(others, ignore_conflicts=True)


def keep_judgements(judgements: Iterable[Judgement]) -> int:
    """Insert or replace judgements, at most one per query and item; return how many. The caller holds the set."""
    kept = Judgement.objects.bulk_create(
        judgements,
        batch_size=1_000,
        update_conflicts=True,
        unique_fields=["query", "item"],
        update_fields=["grade", "judged_by", "judged_at"],
    )
    return len(kept)


@transaction.atomic
def forget(query: JudgedQuery, item: Item) -> None:
    """Delete the judgement of an item for a query."""
    hold(query.judged_set_id)
    query.judgements.filter(item=item).delete()


def grades_of(judged_set: JudgedSet) -> dict[int, dict[str, float]]:
    """Grades of published items, by the id of the query and then of the item, for queries with a relevant one."""
    grades: defaultdict[int, dict[str, float]] = defaultdict(dict)
    judgements = Judgement.objects.of_published().filter(query__judged_set=judged_set)
    for query_id, item_id, grade in judgements.values_list("query_id", "item_id", "grade"):
        grades[query_id][str(item_id)] = float(grade)
    return {query_id: own for query_id, own in sorted(grades.items()) if any(own.values())}


def logged_queries(*, without_results: bool, most: int) -> list[str]:
    """The most frequent queries of the last LOGGED_DAYS days, or those of them that found nothing close."""
    intents = SearchIntent.objects.begun_since(timezone.now() - timedelta(days=LOGGED_DAYS))
    if without_results:
        intents = intents.with_nothing_close()
    return [row["query"] for row in intents.counts_by_query(limit=most) if row["query"].strip()]


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 100 or not name.isprintable():
        raise SetRefused("A set's name must have 1 to 100 characters.", field="name")
    return name
