"""Requests to the embeddings endpoint are counted, with none lost or counted twice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction

from catalog.embedding.openai.use import Use, used
from catalog.encoders import endpoint_use
from catalog.encoders.endpoint_use import keep_use
from catalog.models import EndpointUse


@pytest.fixture(autouse=True)
def nothing_used(committed_db: str) -> None:
    used.take()


def test_use_adds_up_by_day_and_model(settings):
    settings.ENCODER_PRICE = 0.13
    used.add("small", Use(requests=1, texts=2, tokens=1_000_000))
    used.add("large", Use(requests=1, texts=1, tokens=10))
    keep_use()
    used.add("small", Use(requests=2, texts=3, tokens=500_000))
    keep_use()
    keep_use()
    rows = {use.model: use for use in EndpointUse.objects.all()}
    assert rows.keys() == {"small", "large"}
    small = rows["small"]
    assert (small.requests, small.texts, small.tokens) == (3, 5, 1_500_000)
    assert small.cost == Decimal("0.195")


def test_a_price_that_is_set_later_counts_from_then_on(settings):
    used.add("small", Use(requests=1, texts=1, tokens=1_000_000))
    keep_use()
    settings.ENCODER_PRICE = 2.0
    used.add("small", Use(requests=1, texts=1, tokens=1_000_000))
    keep_use()
    assert EndpointUse.objects.get().cost == 2


def test_what_cannot_be_kept_now_is_kept_later(monkeypatch: pytest.MonkeyPatch):
    used.add("small", Use(requests=1, texts=1, tokens=5))
    with transaction.atomic():
        keep_use()
    assert not EndpointUse.objects.exists()
    with monkeypatch.context() as broken:
        broken.setattr(endpoint_use, "ADD", "SELECT %s, %s, %s, %s, %s FROM nowhere")
        keep_use()
    assert not EndpointUse.objects.exists()
    keep_use()
    assert EndpointUse.objects.get().tokens == 5


def test_months_come_last_first_and_the_dearest_model_before_others(django_assert_num_queries):
    for day, model, tokens, cost in [
        ("2026-09-30", "small", 10, 1),
        ("2026-10-01", "small", 20, 2),
        ("2026-10-31", "small", 30, 3),
        ("2026-10-02", "large", 5, 9),
    ]:
        EndpointUse.objects.create(day=day, model=model, requests=1, texts=1, tokens=tokens, cost=cost)
    with django_assert_num_queries(1):
        months = [
            (f"{use['month']:%Y-%m}", use["model"], use["requests"], use["tokens"], use["cost"])
            for use in EndpointUse.objects.by_month()
        ]
    assert months == [
        ("2026-10", "large", 1, 5, 9),
        ("2026-10", "small", 2, 50, 5),
        ("2026-09", "small", 1, 10, 1),
    ]
