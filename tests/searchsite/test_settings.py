from __future__ import annotations

import os
import subprocess
import sys
from ast import literal_eval
from pathlib import Path

import pytest

from searchsite.local_site import PROJECT

COMPLETE = {
    "DATABASE_URL": "postgres://site:secret@127.0.0.1:1/site",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "a-long-enough-key-for-a-test-of-the-settings-file-only",
    "ALLOWED_HOSTS": "search.example.org",
}
SHOW = "import django.conf; s = django.conf.settings; print({})"


def run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    own = {"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "searchsite.settings"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=PROJECT, env=own | environment, capture_output=True, text=True, check=False
    )


def shown(expression: str, environment: dict[str, str]) -> str:
    finished = run(["-c", SHOW.format(expression)], environment)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


@pytest.mark.parametrize("name", sorted(COMPLETE))
def test_a_missing_setting_stops_a_process_with_one_line_that_names_it(name: str) -> None:
    incomplete = {key: value for key, value in COMPLETE.items() if key != name}
    finished = run(["-m", "searchsite.processes", "web"], incomplete)
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert len(finished.stderr.splitlines()) == 1
    assert name in finished.stderr


def test_manage_py_says_in_one_line_what_a_half_configured_deployment_lacks() -> None:
    finished = run(["manage.py", "migrate"], {"DATABASE_URL": COMPLETE["DATABASE_URL"]})
    assert finished.returncode == 1
    assert len(finished.stderr.splitlines()) == 1
    assert "SECRET_KEY" in finished.stderr


def test_manage_py_says_in_one_line_that_the_database_is_away() -> None:
    finished = run(["manage.py", "create_api_key", "shop"], COMPLETE)
    assert finished.returncode == 1
    (line,) = finished.stderr.splitlines()
    assert line.startswith("The database failed: connection failed")
    assert "Traceback" in run(["manage.py", "create_api_key", "shop", "--traceback"], COMPLETE).stderr


def test_manage_py_says_in_one_line_that_the_tables_are_not_there_yet() -> None:
    # The tests have a database of their own beside the one that their server was started with.
    finished = run(["manage.py", "create_api_key", "shop"], COMPLETE | {"DATABASE_URL": os.environ["DATABASE_URL"]})
    assert finished.returncode == 1
    (line,) = finished.stderr.splitlines()
    assert "migrate" in line


def test_every_secret_can_be_given_as_a_file(tmp_path: Path) -> None:
    environment = {}
    for name, value in COMPLETE.items():
        (tmp_path / name).write_text(value + "\n")
        environment[f"{name}_FILE"] = str(tmp_path / name)
    assert shown("s.SECRET_KEY, s.REDIS_URL, *s.ALLOWED_HOSTS", environment).split() == [
        COMPLETE["SECRET_KEY"],
        COMPLETE["REDIS_URL"],
        COMPLETE["ALLOWED_HOSTS"],
    ]


def test_a_secret_file_that_cannot_be_read_is_named() -> None:
    finished = run(["-m", "searchsite.processes", "beat"], COMPLETE | {"SECRET_KEY": "", "SECRET_KEY_FILE": "/nowhere"})
    assert finished.returncode == 1
    assert finished.stderr.splitlines() == ["SECRET_KEY_FILE=/nowhere cannot be read: No such file or directory."]


def test_a_database_that_is_not_postgresql_is_refused() -> None:
    finished = run(["-m", "searchsite.processes", "web"], COMPLETE | {"DATABASE_URL": "sqlite:///site.db"})
    assert finished.returncode == 1
    assert "PostgreSQL" in finished.stderr


def test_the_address_of_the_database_may_carry_options() -> None:
    address = COMPLETE["DATABASE_URL"] + "?sslmode=verify-full&sslrootcert=/ca.pem&options=-c%20work_mem=8MB"
    names = ("sslmode", "sslrootcert", "connect_timeout", "options")
    expression = f"{{name: s.DATABASES['default']['OPTIONS'][name] for name in {names}}}"
    options = literal_eval(shown(expression, COMPLETE | {"DATABASE_URL": address}))
    assert (options["sslmode"], options["sslrootcert"], options["connect_timeout"]) == ("verify-full", "/ca.pem", 3)
    assert "-c statement_timeout=30000 " in options["options"]
    assert options["options"].endswith(" -c work_mem=8MB")


def test_a_deployment_is_closed_and_secure_unless_told_otherwise() -> None:
    expression = "s.DEBUG, s.EMBEDDED, s.ANONYMOUS_API_READ, s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE"
    assert shown(expression, COMPLETE) == "False False False True True"
    assert shown(expression, COMPLETE | {"SEARCHSITE_EMBEDDED": "1"}) == "False True True False False"
