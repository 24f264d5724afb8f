from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recommender.space.training import go_back, train


class Command(BaseCommand):
    help = "Train a taste model on all interactions and serve it if it is better."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--back", action="store_true", help="roll back to the previous model, or to the untrained score"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["back"]:
            self.stdout.write(f"Serving: {go_back() or 'the untrained score'}.")
            return
        outcome = train()
        if outcome.model is None:
            raise CommandError(outcome.message)
        self.stdout.write(json.dumps({"parameters": outcome.model.parameters, "figures": outcome.model.figures}))
        self.stdout.write(outcome.message)
