"""The staff pages for API keys and the audit log."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from catalog.audit import record_action
from catalog.models import ApiKey
from tests.callers import signed_in
from tests.dashboard.test_index_page import shown

pytestmark = pytest.mark.django_db


def test_the_log_names_the_account_the_key_or_the_command(client: Client, capsys):
    staff = User.objects.create_user("oona", is_staff=True)
    former = User.objects.create_user("former", is_staff=True)
    client.force_login(staff)
    record_action(staff, "rule.create", "oars")
    record_action(former, "rule.delete", "sails")
    record_action(None, "import.accept", "boats.csv", key="shop (sk_12345…)")
    call_command("create_api_key", "till")
    former.delete()
    page = shown(client.get("/staff/audit/"))
    for told in ("oona rule.create", "a deleted account rule.delete", "API key shop (sk_12345…) import.accept"):
        assert told in page
    assert "command line key.create till" in page
    assert "scope: search" in page
    assert "by: command line" not in page


def test_every_scope_of_a_key_is_described_in_full_and_one_is_chosen():
    staff = signed_in("staff", is_staff=True)
    page = staff.get("/staff/api-keys/").content.decode()
    assert all(f">{scope.label}</label>" in page for scope in ApiKey.Scope)
    assert "checked" in page.split('value="search"')[1].split(">")[0]
    staff.post("/staff/api-keys/", {"name": "till", "scope": "write"})
    assert ApiKey.objects.get().scope == "write"
