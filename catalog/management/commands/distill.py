from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from catalog.embedding.base import Encoder, EncoderError, EncoderSpec
from catalog.embedding.distilling.teacher import NotATransformer, load_teacher
from catalog.embedding.static.encoder import StaticEncoder
from catalog.embedding.static.students import write_student
from catalog.encoders.lessons import Lessons, catalogue_documents, file_documents, lessons
from catalog.models import IndexVersion
from catalog.models.index import DEFAULT_TEMPLATE

COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
TIMED_TEXTS, TIMED_TEXT = 256, "A student is timed by a sentence like this where there are no others."


class Command(BaseCommand):
    help = (
        "Distill a transformer into a static encoder for machines without a GPU. It knows the transformer's words "
        "and those of the catalogue, and is fitted to the transformer's vectors of the catalogue's sentences."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("output", type=Path, help="the folder to write, usable as a model of the static backend")
        parser.add_argument("--model", help="the transformer; default: that of the active index")
        parser.add_argument("--dimensions", type=int, default=256, help="0 keeps all of the transformer's dimensions")
        parser.add_argument(
            "--words", type=int, default=30_000, help="at most this many whole words from the catalogue"
        )
        parser.add_argument("--texts", type=int, default=20_000, help="fit to at most this many sentences; 0 for none")
        parser.add_argument(
            "--from", type=Path, dest="file", help="use these JSON lines with title and text instead of the catalogue"
        )
        parser.add_argument("--json", action="store_true", help="print the figures as one JSON line at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        if min(options["dimensions"], options["words"], options["texts"]) < 0:
            raise CommandError("Dimensions, words and texts must not be negative.")
        active = None if options["file"] and options["model"] else IndexVersion.objects.active()
        try:
            teacher, tokenizer = load_teacher(_spec(options["model"], active))
            figures = self._distill(teacher, tokenizer, _lessons(options, active), options)
        except (EncoderError, NotATransformer, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        for name, value in figures.items():
            self.stdout.write(f"{name}: {value}")
        if options["json"]:
            self.stdout.write(json.dumps(figures))

    def _distill(self, teacher: Encoder, tokenizer: Any, taught: Lessons, options: dict[str, Any]) -> dict[str, Any]:
        from catalog.embedding.distilling.distill import distill

        with Progress(*COLUMNS, console=Console(stderr=True), transient=True) as bars:
            tasks: dict[str, TaskID] = {}

            def show(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bars.add_task(what)
                bars.update(tasks[what], completed=done, total=total)

            found = distill(
                teacher,
                tokenizer,
                words=taught.words,
                texts=taught.sentences,
                dimensions=options["dimensions"] or None,
                on_progress=show,
            )
        write_student(found.student, options["output"])
        student = StaticEncoder(EncoderSpec(backend="static", model=str(options["output"])))
        times = _times_as_fast(student, teacher, (taught.sentences or [TIMED_TEXT] * TIMED_TEXTS)[:TIMED_TEXTS])
        return {
            "tokens": len(found.student.vectors),
            "dimensions": student.dimensions,
            "sentences fitted to": found.texts,
            "Spearman with the teacher, held-out pairs": found.spearman and round(found.spearman, 4),
            "times as fast as the teacher": round(times, 1),
        }


def _spec(model: str | None, active: IndexVersion | None) -> EncoderSpec:
    if model is not None:
        return EncoderSpec(model=model)
    if active is not None:
        return active.encoder_spec
    return EncoderSpec(backend=settings.ENCODER_BACKEND, model=settings.ENCODER_MODEL)


def _lessons(options: dict[str, Any], active: IndexVersion | None) -> Lessons:
    template = DEFAULT_TEMPLATE if active is None else active.document_template
    documents = file_documents(options["file"]) if options["file"] else catalogue_documents(template)
    return lessons(documents, sentences=options["texts"], words=options["words"])


def _times_as_fast(student: Encoder, teacher: Encoder, texts: list[str]) -> float:
    """By processor time, which other load on the machine does not affect."""
    spent = []
    for encoder in (student, teacher):
        encoder.encode_documents(texts)
        started, rounds = time.process_time(), 0
        while rounds == 0 or time.process_time() - started < 0.2:
            encoder.encode_documents(texts)
            rounds += 1
        spent.append((time.process_time() - started) / rounds)
    return spent[1] / spent[0]
