from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.judged.catalogue import load_judgements


class Command(BaseCommand):
    help = (
        "Keep judged queries of this catalogue: queries.jsonl and qrels.tsv in the BEIR form, whose documents are "
        "items by external id. Encoders are compared and adapted by them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = load_judgements(options["directory"].resolve())
        except (OSError, ValueError, KeyError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} judgements are kept.")
