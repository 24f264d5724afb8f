"""What the export commands share."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.exporting.files import CONTENT_TYPES, write_file


class ExportCommand(BaseCommand):
    """Writes one file that the import of the same kind can read back."""

    def pieces(self, file_format: str) -> Iterator[bytes]:
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="an existing file is replaced once everything is written")
        parser.add_argument("--format", choices=list(CONTENT_TYPES), help="default: from the file's name")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        file_format = options["format"] or path.suffix.removeprefix(".").lower()
        if file_format not in CONTENT_TYPES:
            raise CommandError(f"{path.name}: give --format, one of {', '.join(CONTENT_TYPES)}.")
        try:
            size_bytes = write_file(path, self.pieces(file_format))
        except OSError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{path}: {size_bytes:,} bytes.")
