"""A site with a small model and short intervals, shared by tests that leave it intact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkpoints import write_checkpoint
from tests.databases import committed_db, template_database
from tests.faults.site import Site

__all__ = ["committed_db", "template_database"]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that fails on one poison word."""
    return write_checkpoint(tmp_path_factory.mktemp("models") / "small", poisonous=True)


@pytest.fixture(scope="session")
def shared_site(checkpoint: Path) -> Iterator[Site]:
    with Site(model=checkpoint) as site:
        site.save("lighthouse", "The ghost of the harbour")
        site.wait_until_embedded(timeout_s=90)
        yield site


@pytest.fixture
def site(shared_site: Site) -> Iterator[Site]:
    """The shared site, intact: everything is embedded before the test and again after it."""
    yield shared_site
    shared_site.wait_until_embedded(timeout_s=90)
    shared_site.check_index()
