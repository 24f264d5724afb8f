from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from catalog.embedding.base import EncoderError
from catalog.embedding.registry import encoder_for
from catalog.index.versions import unloaded_version
from catalog.models import IndexVersion


class Command(BaseCommand):
    help = (
        "Prepare the search encoder for this machine, so that processes started afterwards have it at once. "
        "Even if this fails, the site can start."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = IndexVersion.objects.active() or unloaded_version()
        except DatabaseError:  # the database has not been set up yet
            version = unloaded_version()
        try:
            encoder = encoder_for(version.encoder_spec)
        except EncoderError as error:
            self.stderr.write(f"{version.model} cannot be loaded: {error}")
            return
        problem = getattr(encoder, "runtime_problem", "")
        self.stdout.write(f"{version.model} is ready." + (f" It runs on torch: {problem}" if problem else ""))
