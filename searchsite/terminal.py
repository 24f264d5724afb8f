"""What `make run` shows in the terminal: where the site is, who can sign in, and how far the work has got."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import django
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from searchsite.local_site import PROJECT, LocalSite

_LINE_EVERY_SHARE = 0.1
_PAUSE_PER_LOOK = 20


class Terminal:
    """A calm terminal: few lines, one progress bar."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)

    def fail(self, line: str) -> None:
        Console(stderr=True, highlight=False).print(line, style="red", markup=False, soft_wrap=True)

    def welcome(self, site: LocalSite, *, demo: bool) -> None:
        """Show where the site is and who can sign in; members are listed only for the bundled `demo`."""
        logs = site.services.data_dir.logs
        where = logs.relative_to(PROJECT) if logs.is_relative_to(PROJECT) else logs
        facts = Table.grid(padding=(0, 3))
        facts.add_row("", "[bold]Open[/]", f"[bold cyan]{site.url}[/]")
        facts.add_row("", "Staff", "sign in as [bold]staff[/], password [bold]demo[/]")
        if demo:
            facts.add_row("", "Visitors", "sign in as [bold]mira[/] or another demo member, password [bold]demo[/]")
        facts.add_row("", "", "[dim]Accounts with this password exist only in this mode.[/]")
        facts.add_row("", "Logs", str(where))
        facts.add_row("", "Stop", "Ctrl-C; the data is kept")
        self._console.print()
        self._console.print(facts)
        self._console.print()

    @contextmanager
    def progress(self, environment: Mapping[str, str]) -> Iterator[EmbeddingProgress]:
        """Show progress until the end of the block. Connects this process to the site's database."""
        os.environ.update(environment)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "searchsite.settings")
        django.setup()
        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal) as bars:
            yield EmbeddingProgress(bars, self)


class EmbeddingProgress:
    """The ledger's counts as a progress bar, or as a line for every tenth when there is no terminal."""

    def __init__(self, bars: Progress, terminal: Terminal) -> None:
        self._bars, self._terminal = bars, terminal
        self._bar: TaskID | None = None
        self._share_said = 0.0
        self._finished = False
        self._next_look_at = 0.0

    def update(self, *, loading: bool) -> None:
        """Show the ledger's current state until everything is embedded; `loading` means the catalogue still grows."""
        from django.db import DatabaseError

        if self._finished or time.monotonic() < self._next_look_at:
            return
        looked_at = time.monotonic()
        try:
            counts = _ledger_counts()
        except DatabaseError:
            # The database is being restarted; the supervisor says so.
            return
        # Counting a large ledger takes a while, so spend only a small share of the time on it.
        self._next_look_at = time.monotonic() + _PAUSE_PER_LOOK * (time.monotonic() - looked_at)
        self._show(counts, loading=loading)

    def _show(self, counts: _Counts, *, loading: bool) -> None:
        treated = counts.done + counts.failed
        self._finished = not loading and treated >= counts.total
        if self._bar is None:
            if self._finished:
                return
            self._bar = self._bars.add_task("", total=None)
        what = "Loading and embedding" if loading else "Embedding"
        if not counts.has_encoder:
            what = "Preparing the encoder"
        self._bars.update(self._bar, description=what, completed=treated, total=counts.total or None)
        if self._finished:
            self._finish(counts)
        elif not self._bars.console.is_terminal:
            self._say_share(treated, counts.total)

    def _finish(self, counts: _Counts) -> None:
        assert self._bar is not None
        self._bars.remove_task(self._bar)
        if not counts.done + counts.failed:
            return
        failures = f"; {counts.failed:,} failed, see the dashboard" if counts.failed else ""
        self._terminal.say(f"All {counts.done:,} items can be found by meaning{failures}.")

    def _say_share(self, done: int, total: int) -> None:
        share = done / total if total else 0.0
        if share >= self._share_said + _LINE_EVERY_SHARE:
            self._share_said = share
            self._terminal.say(f"Embedded {done:,} of {total:,} items.")


class _Counts(NamedTuple):
    """Items done, failed and in total, in the versions that are active or being built."""

    done: int
    failed: int
    total: int
    has_encoder: bool


def _ledger_counts() -> _Counts:
    """Until a worker has loaded the encoder and created the first version, every item counts as still to do."""
    from catalog.models import EmbeddingState, IndexVersion, Item

    versions = list(IndexVersion.objects.live())
    if not versions:
        return _Counts(done=0, failed=0, total=Item.objects.published().count(), has_encoder=False)
    done = failed = total = 0
    for version in versions:
        counts = EmbeddingState.objects.of(version).counts()
        done, failed, total = done + counts["done"], failed + counts["failed"], total + sum(counts.values())
    return _Counts(done=done, failed=failed, total=total, has_encoder=True)
