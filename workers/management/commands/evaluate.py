from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from recommender.evaluation import evaluate_recommendations, load_catalogue
from rich.console import Console
from rich.table import Table

from catalog.evaluation import DegradedEvaluation, evaluate_search, load_collection
from workers.embed import drain
from workers.scratch import scratch_database

SEARCH_FILES = ("corpus.jsonl", "queries.jsonl", "qrels.tsv")
RECOMMENDATION_FILES = ("items.jsonl", "interactions.csv")


class Command(BaseCommand):
    help = (
        "Measure quality through the site's own code, in a database made for it and dropped afterwards: "
        "`search` on a judged collection in the BEIR form, `recommendations` on items and their ratings."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["search", "recommendations"])
        parser.add_argument("directory", type=Path)
        parser.add_argument("--json", action="store_true", help="end with the figures as one JSON line")
        parser.add_argument("--semantic-ratio", type=float, default=0.5, help="search: 0 words alone, 1 meaning alone")

    def handle(self, *args: Any, **options: Any) -> None:
        directory = options["directory"].resolve()
        self._check(directory, SEARCH_FILES if options["what"] == "search" else RECOMMENDATION_FILES)
        with scratch_database():
            rows = self._search(directory, options) if options["what"] == "search" else self._recommend(directory)
        self._print(rows, as_json=options["json"])

    def _search(self, directory: Path, options: Mapping[str, Any]) -> list[dict[str, Any]]:
        load_collection(directory)
        self._embed()
        try:
            return [evaluate_search(directory, semantic_ratio=options["semantic_ratio"]).as_json()]
        except DegradedEvaluation as error:
            raise CommandError(f"The encoder does not answer: {error}") from error

    def _recommend(self, directory: Path) -> list[dict[str, Any]]:
        load_catalogue(directory)
        self._embed()
        return [evaluate_recommendations(directory).as_json()]

    def _embed(self) -> None:
        self.stderr.write("Embedding the collection ...")
        self.stderr.write(f"{drain():,} items embedded.")

    def _check(self, directory: Path, names: Sequence[str]) -> None:
        if missing := [name for name in names if not (directory / name).is_file()]:
            raise CommandError(f"{directory} has no {' and no '.join(missing)}.")

    def _print(self, rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
        table = Table(*rows[0])
        for row in rows:
            table.add_row(*map(str, row.values()))
        Console(file=self.stdout).print(table)
        if as_json:
            for row in rows:
                self.stdout.write(json.dumps(row))
