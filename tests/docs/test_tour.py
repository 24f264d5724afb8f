"""The tour of the code names only what exists, and leaves no folder out."""

from __future__ import annotations

import re

from searchsite.local_site import PROJECT
from tests.docs.pages import page
from tests.test_architecture import FLOORS

TOUR = page("code.md")
#: Folders that any Django project has, or that the tour explains with a folder it names.
SELF_EXPLANATORY = {"management", "commands", "migrations", "templatetags"}


def test_every_file_and_folder_of_the_tour_exists():
    names = set(re.findall(r"`([\w/]+(?:\.py|/))`", TOUR))
    assert len(names) > 50
    known = {path.relative_to(PROJECT).as_posix() for path in PROJECT.glob("*/**/*.py")}
    for name in names:
        if name.endswith("/"):
            found = (PROJECT / name).is_dir() or any(f"/{name}" in path for path in known)
        else:
            found = name in known or any(path.endswith(f"/{name}") for path in known)
        assert found, name


def test_every_package_is_on_the_tour():
    for app in FLOORS:
        for package in (PROJECT / app).rglob("__init__.py"):
            folder = package.parent.relative_to(PROJECT)
            if SELF_EXPLANATORY.isdisjoint(folder.parts):
                assert f"`{folder.as_posix()}/`" in TOUR or f"`{folder.name}/`" in TOUR, folder
