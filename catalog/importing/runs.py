"""An import run: a file read in batches, each committed together with the position reached.

So a killed run continues exactly where it stopped, and if two processes work on one run, the second finds that the
position has moved and leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from catalog.importing.formats import READERS, detect_format
from catalog.importing.mapping import Mapping
from catalog.importing.rows import FileUnreadable, Problem, Row
from catalog.models import ImportRun

BATCH_ROWS, BATCH_BYTES = 1_000, 8 * 1024 * 1024
#: The first rows, from which loaders learn what the columns hold.
SAMPLE_ROWS = 2_000
PROBLEMS_KEPT = 1_000
State = ImportRun.State


@dataclass(slots=True, kw_only=True)
class Loaded:
    """The outcome of a batch."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)


#: Reads the file again from its first row.
RowsFromStart = Callable[[], Iterator[Row]]


class Loader(Protocol):
    def load(self, rows: Sequence[Row]) -> Loaded: ...


class LoaderFactory(Protocol):
    def __call__(self, mapping: Mapping, *, is_csv: bool, rows: RowsFromStart) -> Loader: ...


def work_through(
    run: ImportRun, make_loader: LoaderFactory, *, report: Callable[[ImportRun], None] = lambda run: None
) -> None:
    """Load the rest of the run's file; `report` is called after every batch.

    Returns quietly if another process is working on it. Problems with the file end up in the run's `message`. If the
    database goes away, that is raised, and the run can be resumed.
    """
    if not _begin(run):
        return
    try:
        with file_of(run).open("rb") as file:
            file_format = run.mapping.get("format") or detect_format(file, filename=run.filename)
            loader = _prepared(run, file, file_format, make_loader)
            for rows in _batches(_unread(run, file, file_format), file):
                if not _load_batch(run, loader, rows, read_bytes=file.tell()):
                    return
                report(run)
    except (FileUnreadable, OSError) as error:
        _finish(run, State.FAILED, str(error))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        _finish(run, State.FAILED, f"{type(error).__name__}: {error}")
        raise
    else:
        nothing = run.rejected and run.rejected == run.position
        _finish(run, State.FAILED if nothing else State.DONE, "No row could be loaded." if nothing else "")
    report(run)


def file_of(run: ImportRun) -> Path:
    """The location of the file: uploads are below MEDIA_ROOT, which each machine may mount elsewhere."""
    return settings.MEDIA_ROOT / run.path


def _prepared(run: ImportRun, file: BinaryIO, file_format: str, make_loader: LoaderFactory) -> Loader:
    def from_start() -> Iterator[Row]:
        file.seek(0)
        return READERS[file_format](file)

    loader = make_loader(Mapping.parse(run.mapping), is_csv=file_format == "csv", rows=from_start)
    file.seek(0)
    return loader


def _unread(run: ImportRun, file: BinaryIO, file_format: str) -> Iterator[Row]:
    return islice(READERS[file_format](file), run.position, None)


def _batches(rows: Iterator[Row], file: BinaryIO) -> Iterator[list[Row]]:
    """Rows in batches bounded in number and bytes. Rows before a break in the file are yielded before its error."""
    batch: list[Row] = []
    begin = file.tell()
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH_ROWS or file.tell() - begin > BATCH_BYTES:
                yield batch
                batch, begin = [], file.tell()
    except FileUnreadable:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _begin(run: ImportRun) -> bool:
    """Take up the run, unless it is finished or another process is in the middle of a batch."""
    with transaction.atomic():
        free = ImportRun.objects.unfinished().select_for_update(skip_locked=True).filter(pk=run.pk).first()
        if free is None:
            return False
        ImportRun.objects.filter(pk=run.pk).update(state=State.RUNNING)
    run.refresh_from_db()
    return True


def _load_batch(run: ImportRun, loader: Loader, rows: list[Row], *, read_bytes: int) -> bool:
    """Save the rows and the position in one transaction; False if another process has taken over the run."""
    with transaction.atomic():
        mine = ImportRun.objects.unfinished().select_for_update().filter(pk=run.pk, position=run.position)
        if mine.first() is None:
            return False
        loaded = loader.load(rows)
        room = PROBLEMS_KEPT - len(run.problems)
        problems = [{"line": problem.line, "reason": problem.reason} for problem in loaded.problems[: max(0, room)]]
        ImportRun.objects.filter(pk=run.pk).update(
            position=F("position") + len(rows),
            read_bytes=read_bytes,
            created=F("created") + loaded.created,
            updated=F("updated") + loaded.updated,
            unchanged=F("unchanged") + loaded.unchanged,
            rejected=F("rejected") + len(loaded.problems),
            problems=run.problems + problems,
        )
    run.refresh_from_db()
    return True


def _finish(run: ImportRun, state: str, message: str) -> None:
    run.state, run.message, run.finished_at = state, message, timezone.now()
    run.save(update_fields=["state", "message", "finished_at"])
    if run.uploaded:
        file_of(run).unlink(missing_ok=True)
