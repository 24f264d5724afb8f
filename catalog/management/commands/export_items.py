from collections.abc import Iterator

from catalog.export_command import ExportCommand
from catalog.exporting import export_items


class Command(ExportCommand):
    help = "Write all items to a CSV, JSON or NDJSON file that import_items reads again."

    def pieces(self, file_format: str) -> Iterator[bytes]:
        return export_items(file_format)
