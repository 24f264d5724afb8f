"""The admin pages write items as every other path does."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.http.authentication import create_key
from catalog.models import Attribute, EmbeddingState, Item
from tests.callers import signed_in
from tests.factories import make_item, make_version

ITEMS = "/staff/admin/catalog/item/"


@pytest.fixture
def superuser(db: None) -> Client:
    User.objects.create_superuser("root")
    return signed_in("root")


def fields(**given: object) -> dict[str, object]:
    return {"external_id": "a", "title": "A", "attributes": "{}", "published": "on", **given}


def test_an_item_added_there_is_checked_declared_and_embedded(superuser):
    version = make_version()
    response = superuser.post(f"{ITEMS}add/", fields(attributes=json.dumps({"year": 1999})))
    assert response.status_code == 302, response.content
    assert Item.objects.get().attributes == {"year": 1999}
    assert Attribute.objects.get().kind == "number"
    assert EmbeddingState.objects.of(version).counts()["pending"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attributes": '{"a": {"b": 1}}'}, "a: Use text, a number"),
        ({"attributes": "[1]"}, "An object is expected"),
        ({"language": "en us"}, "Use a language code"),
        ({"image": "javascript:alert(1)"}, "Use an http or https URL"),
    ],
)
def test_an_item_that_cannot_be_kept_is_refused_beside_its_field(superuser, change, message):
    response = superuser.post(f"{ITEMS}add/", fields(**change))
    assert response.status_code == 200
    assert message in response.content.decode()
    assert not Item.objects.exists()


def test_an_item_is_changed_and_keeps_its_external_id(superuser):
    item = make_item("a", "Before", attributes={"year": 1999})
    form = fields(title="After", external_id="b", attributes='{"year": 2000}')
    assert superuser.post(f"{ITEMS}{item.pk}/change/", form).status_code == 302
    item.refresh_from_db()
    assert (item.external_id, item.title, item.attributes) == ("a", "After", {"year": 2000})


def test_items_are_deleted_one_by_one_and_several_at_once(superuser):
    first, *others = [make_item(name) for name in "abc"]
    superuser.post(f"{ITEMS}{first.pk}/delete/", {"post": "yes"})
    assert Item.objects.count() == 2
    chosen = {"action": "delete_selected", "_selected_action": [item.pk for item in others], "post": "yes"}
    superuser.post(ITEMS, chosen)
    assert not Item.objects.exists()


def test_the_hash_of_a_key_is_shown_nowhere(superuser):
    row, _ = create_key(name="program", scope="admin")
    for path in ("", f"{row.pk}/change/"):
        assert row.hashed not in superuser.get(f"/staff/admin/catalog/apikey/{path}").content.decode()


def test_what_the_product_writes_itself_cannot_be_changed_there(superuser):
    version = make_version()
    address = f"/staff/admin/catalog/indexversion/{version.pk}"
    assert superuser.get(f"{address}/change/").status_code == 200
    assert superuser.post(f"{address}/change/", {"state": "retired"}).status_code == 403
    assert superuser.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
