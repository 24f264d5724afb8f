from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from catalog.audit import record_action
from catalog.http.authentication import create_key
from catalog.models import ApiKey


class Command(BaseCommand):
    help = "Create an API key and print it once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="who or what will use it")
        parser.add_argument("--scope", choices=ApiKey.Scope.values, default=ApiKey.Scope.SEARCH)

    def handle(self, *args: Any, **options: Any) -> None:
        row, key = create_key(name=options["name"], scope=options["scope"])
        record_action(None, "key.create", row, scope=row.scope, by="command line")
        self.stderr.write(f"This key cannot be shown again. It allows: {ApiKey.Scope(row.scope).label}.")
        self.stdout.write(key)
