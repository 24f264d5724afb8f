from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError

from catalog.exporting.command import ExportCommand
from recommender.mailings import export_lists
from recommender.serving.scenarios import SCENARIOS


class Command(ExportCommand):
    help = "Write the lists of everyone who has been active to a CSV, JSON or NDJSON file, for example for a mailing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--scenario", choices=list(SCENARIOS), default="email", help="how lists are made")
        parser.add_argument("--user", action="append", default=[], help="a username; may be repeated")
        parser.add_argument("--site-url", default=settings.SITE_URL, help="what links start with; default: SITE_URL")

    def handle(self, *args: Any, **options: Any) -> None:
        self._scenario, self._usernames = options["scenario"], options["user"]
        self._site_url = options["site_url"].rstrip("/")
        if not self._site_url.startswith(("http://", "https://")):
            raise CommandError("Links in mails need the address of the site: --site-url https://search.example.org")
        known = set(User.objects.filter(username__in=self._usernames).values_list("username", flat=True))
        if unknown := [name for name in self._usernames if name not in known]:
            raise CommandError(f"No account has this name: {', '.join(unknown)}.")
        super().handle(*args, **options)

    def pieces(self, file_format: str) -> Iterator[bytes]:
        return export_lists(file_format, scenario=self._scenario, site_url=self._site_url, usernames=self._usernames)
