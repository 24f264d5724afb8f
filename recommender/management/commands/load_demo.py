from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from recommender import demo


class Command(BaseCommand):
    help = "Load the demo films, members and their histories. Running it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--staff-only", action="store_true", help="create only the staff account, for another catalogue"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError(
                "Demo accounts have a known password, so they are created only if SEARCHSITE_EMBEDDED=1."
            )
        films = not options["staff_only"]
        accounts = demo.create_accounts(members=films)
        self.stdout.write(f"{len(accounts)} accounts, each with the password {demo.PASSWORD!r}.")
        if films:
            report = demo.load_films()
            self.stdout.write(
                f"{report.created} films created, {report.updated} updated, {report.unchanged} unchanged."
            )
            self.stdout.write(f"{demo.record_histories()} interactions recorded.")
