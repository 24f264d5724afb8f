from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.exporting import CONTENT_TYPES, export_items, write_file


class Command(BaseCommand):
    help = "Write all items to a CSV, JSON or NDJSON file that import_items reads again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a file that is there already is replaced once all is written")
        parser.add_argument("--format", choices=list(CONTENT_TYPES), help="default: by the file's name")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        file_format = options["format"] or path.suffix.removeprefix(".").lower()
        if file_format not in CONTENT_TYPES:
            raise CommandError(f"{path.name}: --format is needed, one of {', '.join(CONTENT_TYPES)}.")
        try:
            size_bytes = write_file(path, export_items(file_format))
        except OSError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{path}: {size_bytes:,} bytes.")
