"""Several people working on one query set: no deadlocks, and nothing is added to a set that is gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction
from django.http import Http404

from catalog.judged.measuring import SearchSetting, start_measurement
from catalog.judged.sets import (
    add_queries,
    delete_query,
    delete_set,
    forget,
    judge,
    judge_others,
    rename_set,
)
from catalog.models import Item, JudgedQuery, JudgedSet, Judgement, Measurement
from tests.factories import make_items, make_set, make_version
from tests.waiting import waiting_for_this


def writes_to(judged_set: JudgedSet, query: JudgedQuery, item: Item) -> list[Callable[[], object]]:
    """Everything that writes to a set."""
    setting = SearchSetting(version_id=make_version().pk)
    return [
        lambda: add_queries(judged_set, ["new"]),
        lambda: rename_set(judged_set, "Other"),
        lambda: judge(query, {item.pk: 3}),
        lambda: judge_others(query, [item]),
        lambda: forget(query, item),
        lambda: delete_query(query),
        lambda: delete_set(judged_set),
        lambda: start_measurement(judged_set, [setting], kind=Measurement.Kind.ONE),
    ]


@pytest.mark.parametrize("number", range(8))
@pytest.mark.usefixtures("committed_db")
def test_who_writes_to_a_set_that_is_being_deleted_waits_and_then_hears_that_it_is_gone(number):
    item = Item.objects.get(pk=make_items([{"external_id": "a"}])["a"])
    judged_set = make_set("Films", {"ship": {item.pk: 1}})
    query = judged_set.queries.get()
    write = writes_to(judged_set, query, item)[number]
    with transaction.atomic():
        delete_set(JudgedSet.objects.get(pk=judged_set.pk))
        writing = waiting_for_this(write)
    with pytest.raises(Http404):
        writing.result()
    assert not JudgedSet.objects.exists()
    assert not Judgement.objects.exists()
