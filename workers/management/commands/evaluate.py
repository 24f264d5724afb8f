from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from catalog.embedding.base import EncoderError, EncoderUnavailable
from catalog.index.keywords import fold_term_counts
from catalog.index.versions import ensure_active_version
from catalog.judged.baselines import evaluate_baselines
from catalog.judged.beir import judgements_in
from catalog.judged.evaluation import DegradedEvaluation, evaluate_search, load_collection
from catalog.judged.storage_loss import RecordingEncoder, storage_loss
from catalog.models import EmbeddingState, IndexVersion
from recommender.evaluation.collection import load_catalogue
from recommender.evaluation.comparison import compare
from workers.embed import drain
from workers.encoder_report import add_encoder_arguments, encoder_rows
from workers.evaluation_report import by_method, side_by_side
from workers.scratch import scratch_database
from workers.sweep import tune_graphs

FILES = {"search": ("corpus.jsonl", "queries.jsonl"), "recommendations": ("items.jsonl", "interactions.csv")}


class Command(BaseCommand):
    help = (
        "Measure quality through the site's own code, in a scratch database that is dropped afterwards: "
        "`search` on a judged collection in BEIR format, `recommendations` on items and their ratings. `encoder` "
        "measures one encoder, or two side by side, by exact cosine."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["search", "recommendations", "encoder"])
        parser.add_argument("directory", type=Path, nargs="?", help="the collection's folder; optional for encoder")
        parser.add_argument("--json", action="store_true", help="print the figures as one JSON line at the end")
        parser.add_argument("--semantic-ratio", type=float, default=0.5, help="search: 0 is only words, 1 only meaning")
        parser.add_argument(
            "--storage", choices=IndexVersion.Storage.values, default="half", help="search: what the graph stores"
        )
        parser.add_argument("--dimensions", type=int, help="search, encoder: keep this many leading dimensions")
        parser.add_argument(
            "--baselines",
            action="store_true",
            help="search: also measure plain BM25, plain nearest vectors, and reciprocal rank fusion of the two",
        )
        parser.add_argument(
            "--everything", action="store_true", help="recommendations: record low ratings as well as positive ones"
        )
        parser.add_argument(
            "--calibration",
            type=float,
            nargs="+",
            default=[],
            help="recommendations: also measure with these calibrations, 0 to 1",
        )
        add_encoder_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        what = options["what"]
        if what == "encoder":
            self._encoder(options)
            return
        if options["directory"] is None:
            raise CommandError(f"Give the folder: evaluate {what} PATH.")
        directory = options["directory"].resolve()
        if missing := [name for name in FILES[what] if not (directory / name).is_file()]:
            raise CommandError(f"{directory} has no {' and no '.join(missing)}.")
        try:
            with scratch_database():
                if what == "search":
                    figures = self._search(directory, options)
                else:
                    figures = self._recommendations(
                        directory, everything=options["everything"], calibrations=options["calibration"]
                    )
        except (OSError, ValueError, EncoderUnavailable, DegradedEvaluation) as error:
            raise CommandError(str(error)) from error
        self._print(figures, as_json=options["json"])

    def _encoder(self, options: Mapping[str, Any]) -> None:
        try:
            rows = encoder_rows(options, say=self.stderr.write)
        except (OSError, ValueError, EncoderError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(side_by_side(rows))
        if options["json"]:
            for row in rows:
                self.stdout.write(json.dumps(row))

    def _search(self, directory: Path, options: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What is served, with what the vectors' storage costs; then the baselines, if asked for, with their gaps."""
        judgements_in(directory)
        version = ensure_active_version(storage=options["storage"], dimensions=options["dimensions"])
        encoder = RecordingEncoder(version)
        self._embed(load_collection(directory))
        version.refresh_from_db()
        served = evaluate_search(directory, semantic_ratio=options["semantic_ratio"])
        baselines = evaluate_baselines(directory) if options["baselines"] else []
        return [
            served.as_json() | {"storage_loss": storage_loss(directory, version, encoder)},
            *(each.as_json() | {"behind_serving": each.behind(served).as_json()} for each in baselines),
        ]

    def _recommendations(
        self, directory: Path, *, everything: bool, calibrations: Sequence[float]
    ) -> list[dict[str, Any]]:
        """One row per method; a method asked about the same users as what is served states its gap to it."""
        self._embed(load_catalogue(directory))
        found = {
            evaluation.method: evaluation
            for evaluation in compare(directory, everything=everything, calibrations=calibrations)
        }
        rows = []
        for method, evaluation in found.items():
            served = found["serving-cold" if method.endswith("-cold") else "serving"]
            behind = {} if evaluation is served else {"behind_serving": evaluation.behind(served).as_json()}
            rows.append(evaluation.as_json() | behind)
        return rows

    def _embed(self, items: int) -> None:
        """Bring the index to the state that the workers would."""
        columns = (TextColumn("Embedding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            bar = bars.add_task("", total=items)
            while written := drain(until_s=5.0) or EmbeddingState.objects.all().unfinished().exists():
                bars.advance(bar, written)
        fold_term_counts()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # which autovacuum would do by itself within a minute or two
        tune_graphs()

    def _print(self, figures: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
        self.stdout.write(by_method(figures))
        if as_json:
            for row in figures:
                self.stdout.write(json.dumps(row))
