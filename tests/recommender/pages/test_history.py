"""The pages with what somebody did and saved."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recommender.models import Interaction, UserEmbedding
from recommender.subjects import Subject
from tests.callers import signed_in
from tests.factories import make_item
from tests.recommender.pages.visits import CARD, kinds_of, press, visitor_of


def export(client: Client) -> bytes:
    response: Any = client.get("/history/export")
    return b"".join(response.streaming_content)


def test_the_history_lists_what_was_done_the_newest_first(item, client):
    other = make_item("snow", "Snow <b>", attributes={"year": 1999})
    press(client, item, on="like")
    press(client, other, on="save")
    page = client.get("/history/").content.decode()
    assert re.findall(r'<a class="strong" href="[^"]*">(.*?)</a>', page) == ["Snow &lt;b&gt;", "Rain"]
    assert "Saved" in page and "Liked" in page


def test_one_entry_is_deleted(item, client):
    press(client, item, on="like")
    press(client, item, on="save")
    (entry, _) = Interaction.objects.of(visitor_of(client)).newest()
    assert client.post(f"/history/{entry.pk}/delete", follow=True).status_code == 200
    assert kinds_of(visitor_of(client)) == ["like"]


def test_the_whole_history_is_deleted_with_what_was_worked_out_from_it(item, member):
    client = signed_in("member")
    press(client, item, on="like")
    UserEmbedding.objects.create(user=member, version_id=1, vector=[1.0, 0.0])
    page = client.post("/history/delete", follow=True).content.decode()
    assert re.findall(r'<dd class="num">(\d+)</dd>', page) == ["1", "1", "0"]
    assert not Interaction.objects.exists() and not UserEmbedding.objects.exists()


def test_the_history_can_be_taken_away(item, client):
    press(client, item, on="like")
    response = client.get("/history/export")
    assert response["Content-Disposition"] == 'attachment; filename="history.ndjson"'
    (event,) = [json.loads(line) for line in export(client).splitlines()]
    assert (event["item"], event["title"], event["kind"]) == ("rain", "Rain", "like")


def test_somebody_elses_history_cannot_be_seen_taken_or_deleted(item, member):
    press(signed_in("member"), item, on="like")
    (entry,) = Interaction.objects.of(Subject(user_id=member.pk))
    for outsider in (Client(), signed_in("other")):
        assert "Rain" not in outsider.get("/history/").content.decode()
        assert export(outsider) == b""
        assert outsider.post(f"/history/{entry.pk}/delete").status_code == 404
        outsider.post("/history/delete")
    assert Interaction.objects.get() == entry


def test_the_history_is_read_a_page_at_a_time_in_the_same_queries(item, member):
    client = signed_in("member")
    now = timezone.now()

    def queries(entries: int) -> int:
        Interaction.objects.bulk_create(
            Interaction(user=member, item=item, kind_id="click", occurred_at=now - timedelta(minutes=number))
            for number in range(entries)
        )
        with CaptureQueriesContext(connection) as captured:
            client.get("/history/")
        return len(captured)

    assert queries(2) == queries(120)
    assert client.get("/history/?page=3").content.decode().count('<li class="entry">') == 22
    assert client.get("/history/?page=nonsense").status_code == 200


def test_saved_items_have_a_page(item, client):
    assert "Nothing saved yet" in client.get("/saved/").content.decode()
    press(client, item, on="save")
    assert CARD.findall(client.get("/saved/").content.decode()) == ["Rain"]
