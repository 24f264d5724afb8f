from __future__ import annotations

from typing import Any

import pytest
import yaml

from searchsite import processes
from searchsite.local_site import PROJECT

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if str(service["image"]).startswith("searchsite:")}


def test_every_process_of_a_deployment_is_a_service_and_every_service_is_a_known_process() -> None:
    named = {tuple(service["command"]) for service in OURS.values()}
    assert named == {("python", "-m", "searchsite.processes", name) for name in processes.deployed({})}


@pytest.mark.parametrize("name", sorted(processes.deployed({})))
def test_a_named_process_is_a_command_line_that_can_be_run(name: str) -> None:
    argv = processes.deployed({})[name]()
    assert all(isinstance(part, str) and part for part in argv)


def test_images_of_the_services_are_the_ones_the_index_needs() -> None:
    assert SERVICES["db"]["image"] == "pgvector/pgvector:pg18"
    assert SERVICES["redis"]["image"].startswith("redis:")


def test_nothing_starts_before_the_migration_is_done_and_the_migration_waits_for_the_database() -> None:
    for name, service in OURS.items():
        wanted = {"db": "service_healthy"} if name == "migrate" else {"migrate": "service_completed_successfully"}
        conditions = {needed: rule["condition"] for needed, rule in service["depends_on"].items()}
        assert conditions.items() >= wanted.items(), name


def test_secrets_are_files_and_never_in_the_environment() -> None:
    known = set(COMPOSE["secrets"])
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            # A URL may contain a password; the site's own URL is public.
            if variable.endswith(("KEY", "PASSWORD", "_URL")) and variable != "SITE_URL":
                pytest.fail(f"{name}: {variable} is in the environment")
            if variable.endswith("_FILE"):
                assert str(value).removeprefix("/run/secrets/") in known & set(service["secrets"])


def test_every_service_has_a_health_check_or_says_that_it_needs_none() -> None:
    from_image = {"web"}
    assert "HEALTHCHECK" in (PROJECT / "Dockerfile").read_text()
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == from_image


def test_only_the_gpu_profile_asks_for_a_device() -> None:
    with_device = {name for name, service in SERVICES.items() if "deploy" in service}
    assert with_device == {"worker-embedding-gpu"}
    assert SERVICES["worker-embedding-gpu"]["profiles"] == ["gpu"]
    assert "profiles" not in SERVICES["worker-embedding"]


def test_the_image_does_not_run_as_root() -> None:
    lines = (PROJECT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["searchsite"]
