from collections.abc import Iterator

from catalog.exporting.command import ExportCommand
from catalog.exporting.items import export_items


class Command(ExportCommand):
    help = "Write all items to a CSV, JSON or NDJSON file that import_items reads."

    def pieces(self, file_format: str) -> Iterator[bytes]:
        return export_items(file_format)
