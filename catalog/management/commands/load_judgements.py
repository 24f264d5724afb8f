from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from catalog.importing.rows import FileUnreadable
from catalog.judged.loading import Loaded, load_file, load_folder
from catalog.judged.sets import create_set
from catalog.models import JudgedSet


class Command(BaseCommand):
    help = (
        "Load judged queries into a query set: a CSV or TSV with the columns query, item and grade (0 to 3), or a "
        "folder with queries.jsonl and qrels.tsv in the BEIR format. Items are named by external id."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--set", dest="name", help="the query set's name; default: the file's name")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["path"].resolve()
        name = options["name"] or path.stem
        try:
            with transaction.atomic():
                loaded = self._load(path, JudgedSet.objects.filter(name=name).first() or create_set(name=name))
        except (OSError, ValueError, KeyError, FileUnreadable) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"“{name}”: judgements kept: {loaded.judgements:,}; new queries: {loaded.queries:,}.")
        for fault in loaded.faults:
            self.stderr.write(f"Line {fault.line}: {fault.reason}")
        if loaded.rejected:
            self.stderr.write(f"Rows left out: {loaded.rejected:,}.")

    def _load(self, path: Path, judged_set: JudgedSet) -> Loaded:
        if path.is_dir():
            return load_folder(judged_set, path)
        with path.open("rb") as file:
            return load_file(judged_set, file)
