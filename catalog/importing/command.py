"""What the import commands share: options, a progress bar and the summary."""

from __future__ import annotations

import tomllib
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from catalog.importing.formats import READERS
from catalog.importing.mapping import MappingError
from catalog.importing.uploads import run_for_file
from catalog.models import ImportRun

PROBLEMS_SHOWN = 20
Report = Callable[[ImportRun], None]


class ImportCommand(BaseCommand):
    """Loads one file. If restarted after being killed, it continues where it stopped."""

    kind: ClassVar[str]
    #: The table of the mapping that `--map` fills.
    table: ClassVar[str]

    def run(self, run: ImportRun, report: Report) -> None:
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--mapping", type=Path, help="a TOML file that maps columns to fields")
        parser.add_argument(
            "--map", action="append", default=[], metavar="FIELD=COLUMN", help="map one field; may be repeated"
        )
        parser.add_argument("--format", choices=list(READERS), help="default: from the file's name and first bytes")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = run_for_file(options["file"], kind=self.kind, mapping=self._mapping(options))
        except (OSError, MappingError) as error:
            raise CommandError(str(error)) from error
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
            bar = bars.add_task(run.filename, total=run.size_bytes, completed=run.read_bytes)
            try:
                self.run(run, lambda run: bars.update(bar, completed=run.read_bytes))
            except OperationalError as error:
                told = f"The database cannot be used: {error}\nRun the same command again to resume."
                raise CommandError(told) from error
        run.refresh_from_db()
        self._summarise(run)

    def _mapping(self, options: dict[str, Any]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        if options["mapping"]:
            try:
                mapping = tomllib.loads(options["mapping"].read_text(encoding="utf-8"))
            except ValueError as error:
                raise CommandError(f"{options['mapping']}: {error}") from error
        for pair in options["map"]:
            name, equals, column = pair.partition("=")
            if not (name and equals and column):
                raise CommandError(f"--map {pair}: use FIELD=COLUMN.")
            table, _, attribute = name.partition(".")
            table, name = (table, attribute) if attribute else (self.table, name)
            mapping.setdefault(table, {})[name] = column
        return mapping | ({"format": options["format"]} if options["format"] else {})

    def _summarise(self, run: ImportRun) -> None:
        for problem in run.problems[:PROBLEMS_SHOWN]:
            self.stderr.write(f"line {problem['line']}: {problem['reason']}")
        if run.rejected > PROBLEMS_SHOWN:
            self.stderr.write(f"and {run.rejected - PROBLEMS_SHOWN:,} more")
        self.stdout.write(
            f"{run.filename}: {run.created:,} created, {run.updated:,} updated, {run.unchanged:,} unchanged, "
            f"{run.rejected:,} rejected."
        )
        if run.state == ImportRun.State.FAILED:
            raise CommandError(run.message)
