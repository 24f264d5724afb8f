from collections.abc import Iterator

from catalog.exporting.command import ExportCommand
from recommender.exporting import export_interactions


class Command(ExportCommand):
    help = (
        "Write the interactions of people with an account to a CSV, JSON or NDJSON file that import_interactions reads."
    )

    def pieces(self, file_format: str) -> Iterator[bytes]:
        return export_interactions(file_format)
