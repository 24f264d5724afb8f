from catalog.importing.command import ImportCommand, Report
from catalog.models import ImportRun
from recommender.importing import run_import


class Command(ImportCommand):
    help = "Load interactions from a CSV, JSON or NDJSON file; missing users are created."
    kind = ImportRun.Kind.INTERACTIONS
    table = "interactions"

    def run(self, run: ImportRun, report: Report) -> None:
        run_import(run, report=report)
