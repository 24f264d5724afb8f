from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings as site
from django.core.management.base import BaseCommand, CommandError

from catalog.index.reindex import AlreadyReindexing, start_reindex
from catalog.index.version_settings import SettingsRefused, backend_choices, check_encoder
from catalog.models import IndexVersion

SETTINGS = ("backend", "model", "revision", "query_prompt", "document_prompt", "window_tokens", "dimensions", "storage")


class Command(BaseCommand):
    help = "Start a reindex, which the workers carry out. Options left out use the defaults."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--backend", choices=[name for name, _ in backend_choices()])
        parser.add_argument("--model", help="a model's name or path")
        parser.add_argument("--revision")
        parser.add_argument("--query-prompt")
        parser.add_argument("--document-prompt")
        parser.add_argument("--window-tokens", type=int)
        parser.add_argument("--dimensions", type=int, help="keep this many leading dimensions")
        parser.add_argument("--storage", choices=IndexVersion.Storage.values, help="what the graph stores")
        parser.add_argument(
            "--wait-for-staff", action="store_true", help="do not switch to the new version when it is ready"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        settings = {name: options[name] for name in SETTINGS if options[name] is not None}
        try:
            check_encoder(
                backend=settings.get("backend", site.ENCODER_BACKEND), model=settings.get("model", site.ENCODER_MODEL)
            )
            run = start_reindex(activate_when_ready=not options["wait_for_staff"], **settings)
        except (AlreadyReindexing, SettingsRefused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Reindex run {run.pk} to version {run.version_id} has started.")
