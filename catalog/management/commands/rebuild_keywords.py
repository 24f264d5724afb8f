from typing import Any

from django.core.management.base import BaseCommand

from catalog.index.keywords import rebuild_keywords


class Command(BaseCommand):
    help = "Rebuild the keyword index with the current settings. Items cannot be saved meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        rebuild_keywords()
        self.stdout.write("The keyword index has been rebuilt.")
