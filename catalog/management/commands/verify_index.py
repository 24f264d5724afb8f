from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from catalog.index.verification import Finding, verify_index

# A repair may reveal problems that the next round repairs.
REPAIR_ROUNDS = 3


class Command(BaseCommand):
    help = (
        "Check the vectors, the ledger, the graphs and the keywords against the catalogue. "
        "The exit status is 1 when something is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--repair",
            action="store_true",
            help="repair what is wrong; work that needs an encoder is left to the workers",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        findings = verify_index()
        rounds = REPAIR_ROUNDS if options["repair"] else 0
        while rounds and self._repair(findings):
            findings, rounds = verify_index(), rounds - 1
        self._print(findings)
        if wrong := [finding for finding in findings if finding.is_wrong]:
            raise CommandError(f"Problems found: {len(wrong)}.")

    def _repair(self, findings: Sequence[Finding]) -> bool:
        """Return whether there was anything to do."""
        repairable = [finding for finding in findings if finding.repair is not None]
        for finding in repairable:
            assert finding.repair is not None
            finding.repair()
            self.stdout.write(f"Repaired: {finding.subject}, {finding.what}: {finding.count}.")
        return bool(repairable)

    def _print(self, findings: Sequence[Finding]) -> None:
        console = Console()
        table = Table("Of", "What", "Count", "")
        for finding in findings:
            table.add_row(finding.subject, finding.what, f"{finding.count:,}", "wrong" if finding.is_wrong else "")
        with console.capture() as printed:
            console.print(table)
        self.stdout.write(printed.get())
