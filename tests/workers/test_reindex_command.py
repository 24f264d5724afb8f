"""`manage.py reindex`: a run carried out by the workers, with the given settings."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from catalog.models import ReindexRun

pytestmark = pytest.mark.django_db


def test_a_reindex_is_started_with_what_is_given(capsys):
    call_command("reindex", "--storage", "binary", "--dimensions", "128", "--wait-for-staff")
    run = ReindexRun.objects.get()
    assert f"Reindex run {run.pk} to version {run.version_id} has started." in capsys.readouterr().out
    assert (run.version.storage, run.version.dimensions, run.activate_when_ready) == ("binary", 128, False)
    with pytest.raises(CommandError, match="Another reindex is running"):
        call_command("reindex")


def test_a_path_without_a_model_is_refused():
    with pytest.raises(CommandError, match="/nowhere/model"):
        call_command("reindex", "--model", "/nowhere/model")
    assert not ReindexRun.objects.exists()
