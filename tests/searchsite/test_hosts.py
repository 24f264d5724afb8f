"""The host names by which visitors, `make run` and the container's health check reach the site."""

from __future__ import annotations

import os

import pytest
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.test import override_settings

from searchsite.healthcheck import allowed_host
from searchsite.hosts import in_url, machine_hosts, reachable
from searchsite.run import _allowed_hosts

EVERY_ADDRESS = ["0.0.0.0", "::"]  # noqa: S104


def is_allowed(name: str, allowed: list[str]) -> bool:
    with override_settings(ALLOWED_HOSTS=allowed):
        request = HttpRequest()
        request.META["HTTP_HOST"] = f"{name}:8000"
        try:
            return bool(request.get_host())
        except DisallowedHost:
            return False


@pytest.mark.parametrize("allowed", ["search.example.org", ".example.org", "*", "*,a.org", ",a.org,b.org"])
def test_the_health_check_sends_a_name_that_is_allowed(allowed: str) -> None:
    assert is_allowed(allowed_host(allowed), list(filter(None, allowed.split(","))))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "192.0.2.7", "fe80::1", "fe80::1%eth0", *EVERY_ADDRESS])
@pytest.mark.parametrize("given", ["", "search.example.org"])
def test_make_run_is_reached_by_its_address_and_on_its_own_machine(
    host: str, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", given)
    allowed = _allowed_hosts(host)
    for name in (in_url(reachable(host)), "localhost", "127.0.0.1", "[::1]", *filter(None, [given])):
        assert is_allowed(name, allowed), name
    assert not is_allowed("elsewhere.example.org", allowed)


@pytest.mark.parametrize("host", EVERY_ADDRESS)
def test_other_machines_reach_make_run_by_the_names_of_this_one_unless_names_are_given(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)
    assert all(is_allowed(name, _allowed_hosts(host)) for name in machine_hosts())
    monkeypatch.setenv("ALLOWED_HOSTS", "search.example.org")
    assert not is_allowed(os.uname().nodename, _allowed_hosts(host))
