from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.adaptation.adapting import AdaptationPlan
from catalog.adaptation.training import TrainingSettings
from catalog.database.locks import session_lock
from catalog.embedding.base import EncoderError, EncoderSpec
from catalog.index.reindex import AlreadyReindexing
from catalog.judged.collection import read_collection
from catalog.models import EncoderAdaptation, IndexVersion
from workers.encoder_jobs import KINDS, LOCK, PLAN, adapt, own_collection, own_queries, start_reindex_with
from workers.jobs import end_interrupted


class Command(BaseCommand):
    help = (
        "Adapt the serving encoder to this site's judged or clicked queries, or to a judged collection in BEIR format. "
        "It is offered for a reindex only if it is better with 95% confidence on held-out queries."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--collection", type=Path, help="learn from this folder instead of the site's own queries")
        parser.add_argument("--model", help="adapt this model instead of the serving one")
        parser.add_argument("--held-out", type=float, default=PLAN.held_out, help="share of the queries to hold out")
        parser.add_argument("--epochs", type=int, default=PLAN.training.most_epochs, help="at most")
        parser.add_argument("--learning-rate", type=float, default=PLAN.training.learning_rate)
        parser.add_argument("--seed", type=int, default=PLAN.training.seed)
        parser.add_argument("--reindex", action="store_true", help="start a reindex with it if it is better")
        parser.add_argument("--json", action="store_true", help="print the figures as one JSON line at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        training = TrainingSettings(
            most_epochs=options["epochs"], learning_rate=options["learning_rate"], seed=options["seed"]
        )
        if not 0 < options["held_out"] < 1:
            raise CommandError("--held-out must be between 0 and 1.")
        plan = AdaptationPlan(held_out=options["held_out"], training=training)
        try:
            known = None if options["collection"] else own_queries()
            collection = own_collection(known) if known else read_collection(options["collection"].resolve())
            with session_lock(LOCK) as mine:  # or a worker would take this for one of its jobs
                if not mine:
                    raise CommandError("Encoders are being compared or adapted. Try again when that has finished.")
                end_interrupted(KINDS)
                job = EncoderAdaptation.objects.create(
                    base=asdict(self._base(options["model"])), state=EncoderAdaptation.State.RUNNING
                )
                try:
                    adaptation = adapt(job, collection, known=known, plan=plan)
                except BaseException:
                    job.delete()
                    raise
            if adaptation.better and options["reindex"]:
                start_reindex_with(job)
        except (OSError, ValueError, EncoderError, AlreadyReindexing) as error:
            raise CommandError(str(error)) from error
        self._print(job, as_json=options["json"])

    def _base(self, model: str | None) -> EncoderSpec:
        if model:
            return EncoderSpec(model=model)
        active = IndexVersion.objects.active()
        return active.encoder_spec if active else EncoderSpec(model=settings.ENCODER_MODEL)

    def _print(self, job: EncoderAdaptation, *, as_json: bool) -> None:
        figures = job.figures
        gain = figures["gain"]
        self.stdout.write(
            f"nDCG@10 of {figures['queries']['held_out']} held-out queries: {figures['ndcg@10_before']} before,"
            f" {figures['ndcg@10']} after; {gain['mean']:+} ({gain['low']:+} to {gain['high']:+})."
        )
        self.stdout.write(job.message)
        if job.offered:
            self.stdout.write(f"Its weights are in {job.folder}.")
        if as_json:
            self.stdout.write(json.dumps(figures))
