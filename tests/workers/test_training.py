"""Training as a task and as a command."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from recommender.models import TasteModel
from tests.recommender.trained import make_community
from workers import tasks

pytestmark = pytest.mark.django_db


def test_the_task_trains_and_the_command_goes_back(capsys):
    make_community()
    tasks.train_recommender()
    assert TasteModel.objects.active() is not None
    call_command("train_recommender", "--back")
    assert TasteModel.objects.active() is None
    assert "the untrained score" in capsys.readouterr().out


def test_the_command_prints_what_was_chosen_and_why(capsys):
    make_community()
    call_command("train_recommender")
    figures, message = capsys.readouterr().out.strip().splitlines()
    assert json.loads(figures)["figures"]["gain"]["low"] > 0
    assert message == "Promoted."


def test_the_command_fails_where_there_is_nothing_to_learn_from():
    with pytest.raises(CommandError, match="no active index"):
        call_command("train_recommender")
