"""Fixtures of the workers' tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checkpoints import write_checkpoint
from tests.databases import committed_db, template_database

__all__ = ["committed_db", "template_database"]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that fails on one poison word."""
    return write_checkpoint(tmp_path_factory.mktemp("models") / "small", poisonous=True)
