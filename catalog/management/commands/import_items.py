from catalog.importing import run_import
from catalog.importing.command import ImportCommand, Report
from catalog.models import ImportRun


class Command(ImportCommand):
    help = "Load items from a CSV, JSON or NDJSON file."
    kind = ImportRun.Kind.ITEMS
    table = "fields"

    def run(self, run: ImportRun, report: Report) -> None:
        run_import(run, report=report)
