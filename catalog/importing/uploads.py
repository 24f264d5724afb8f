"""Import runs and the files uploaded for them."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import timedelta
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from catalog.importing.formats import detect_format
from catalog.importing.mapping import Mapping
from catalog.models import ImportRun
from catalog.signals import import_requested

UPLOADS = "imports"
UPLOADS_KEPT = timedelta(days=1)


def accept_upload(file: UploadedFile, *, kind: str, mapping: dict[str, Any], started_by: User | None) -> ImportRun:
    """Store an uploaded file, under a name of our own, and ask a worker to load it.

    Raises MappingError, and FileUnreadable for files that no reader can read, such as compressed ones.
    """
    Mapping.parse(mapping)
    detect_format(file.file, filename=file.name or "")  # type: ignore[arg-type]
    folder = settings.MEDIA_ROOT / UPLOADS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = uuid.uuid4().hex
    try:
        with (folder / name).open("xb") as kept:
            for chunk in file.chunks():
                kept.write(chunk)
        with transaction.atomic():
            run = ImportRun.objects.create(
                kind=kind,
                path=f"{UPLOADS}/{name}",
                filename=_display_name(file.name or ""),
                mapping=mapping,
                size_bytes=file.size or 0,
                started_by=started_by,
            )
    except BaseException:
        (folder / name).unlink(missing_ok=True)
        raise
    transaction.on_commit(lambda: import_requested.send(sender=ImportRun, run_id=run.pk))
    return run


def forget_uploads() -> None:
    """Delete uploaded files older than UPLOADS_KEPT that no unfinished run is to read: a process was killed before it
    created the run, or between the end of the run and the deletion of its file."""
    oldest = (timezone.now() - UPLOADS_KEPT).timestamp()
    awaited = set(ImportRun.objects.unfinished().values_list("path", flat=True))
    for path in (settings.MEDIA_ROOT / UPLOADS).glob("*"):
        with suppress(FileNotFoundError):  # an import may just have ended
            if path.stat().st_mtime < oldest and f"{UPLOADS}/{path.name}" not in awaited:
                path.unlink()


def run_for_file(path: Path, *, kind: str, mapping: dict[str, Any]) -> ImportRun:
    """The run for a file on this machine: the unfinished one of an earlier, killed process, or a new one.

    Raises MappingError and OSError.
    """
    Mapping.parse(mapping)
    path = path.resolve()
    run = ImportRun(kind=kind, path=str(path), filename=path.name, mapping=mapping, size_bytes=path.stat().st_size)
    earlier = ImportRun.objects.unfinished().like(run).first()
    if earlier is not None and earlier.created_at.timestamp() > path.stat().st_mtime:
        return earlier
    run.state = ImportRun.State.RUNNING
    run.save()
    return run


def _display_name(name: str) -> str:
    """The file's own name without folders and control characters, for display."""
    shown = "".join(character for character in PurePath(name.replace("\\", "/")).name if character.isprintable())
    return shown[:300] or "upload"
