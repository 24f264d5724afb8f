"""`make run`: the whole product on this machine, with a demo catalogue, until Ctrl-C.

Read from the environment: PORT, HOST (0.0.0.0 for visitors from other machines), ALLOWED_HOSTS (the names by which
they may visit, if not this machine's own), CATALOG (a file or folder to load instead of the demo) and MAPPING.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from searchsite.catalogue_source import CatalogueMissing, load_commands
from searchsite.embedded import EmbeddedError
from searchsite.embedded.child import stop_with_parent
from searchsite.embedded.disk import full_disk_explained
from searchsite.embedded.location import DATA_ROOT, data_dir_for, make_current
from searchsite.embedded.ports import LOOPBACK, is_free
from searchsite.hosts import LOCAL_HOSTS, in_url, machine_hosts
from searchsite.local_site import LocalSite
from searchsite.supervisor import Supervisor
from searchsite.terminal import Terminal

_DEFAULT_PORT, _PORTS_TRIED = 8000, 100
_TICK_S = 0.5
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_stop_asked = threading.Event()


class WrongOption(Exception):
    """An option that cannot be used as given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    host: str
    port: int | None
    """The requested port; None for the default, or the next one that is free."""
    catalogue: Path | None
    mapping: Path | None

    @classmethod
    def from_environment(cls) -> Options:
        """Raises WrongOption."""
        port, catalogue, mapping = (os.environ.get(name) for name in ("PORT", "CATALOG", "MAPPING"))
        if port and not (port.isdigit() and 0 < int(port) < 2**16):
            raise WrongOption(f"PORT={port} is not a port number.")
        return cls(
            host=os.environ.get("HOST") or LOOPBACK,
            port=int(port) if port else None,
            catalogue=Path(catalogue) if catalogue else None,
            mapping=Path(mapping) if mapping else None,
        )


def main() -> int:
    arguments = argparse.ArgumentParser(prog="make run", description=__doc__)
    arguments.add_argument("--stop-with-parent", action="store_true", help="stop when make is killed")
    if arguments.parse_args().stop_with_parent:
        arrange = stop_with_parent(signal.SIGTERM, parent=os.getppid())
        if arrange is not None:
            arrange()
    terminal = Terminal()
    for stop_signal in _STOP_SIGNALS:
        signal.signal(stop_signal, _interrupt)
    try:
        with full_disk_explained(DATA_ROOT):
            _serve(Options.from_environment(), terminal)
    except (EmbeddedError, CatalogueMissing, WrongOption) as error:
        terminal.fail(str(error))
        return 1
    except KeyboardInterrupt:
        terminal.say("Stopped. All data is kept for the next start.")
    return 0


def _serve(options: Options, terminal: Terminal) -> None:
    commands = load_commands(options.catalogue, mapping=options.mapping)
    data_dir = data_dir_for(options.catalogue)
    environment = {"ALLOWED_HOSTS": ",".join(_allowed_hosts(options.host))}
    site = LocalSite(data_dir=data_dir, host=options.host, environment=environment, report=terminal.say)
    terminal.say("Starting the database ...")
    with _stopped_in_peace(site):
        site.start()
        make_current(data_dir)
        # Only now, because anything that a killed run left on the port has been stopped.
        site.port = _free_port(options, terminal)
        site.start_web()
        terminal.welcome(site, demo=options.catalogue is None)
        _supervise(site, commands, terminal)


def _supervise(site: LocalSite, commands: list[list[str]], terminal: Terminal) -> None:
    """Load the catalogue once, keep the processes alive and show embedding progress. Ends with KeyboardInterrupt."""
    site.start_events_worker()
    site.start_jobs_worker()
    site.start_embedding_worker()
    supervisor = Supervisor(report=terminal.say)
    supervisor.watch(site.services.postgres.process, site.services.postgres.start)
    supervisor.watch(site.services.redis.process, site.services.redis.start)
    supervisor.watch(site.web, site.start_web)
    supervisor.watch(site.events_worker, site.start_events_worker)
    supervisor.watch(site.jobs_worker, site.start_jobs_worker)
    supervisor.watch(site.embedding_worker, site.start_embedding_worker)
    loading = _load(site, commands, terminal)
    with terminal.progress(site.environment) as progress:
        while not _stop_asked.wait(_TICK_S):
            supervisor.check()
            progress.update(loading=next(loading, False))
    raise KeyboardInterrupt


def _load(site: LocalSite, commands: list[list[str]], terminal: Terminal) -> Iterator[bool]:
    """Run the commands in order, unless an earlier start completed them; yield True until they are done."""
    loaded = site.services.data_dir.root / "catalogue.loaded"
    if loaded.exists():
        return
    log = site.log_of(site.loader.name)
    for argv in commands:
        try:
            site.launch(site.loader, argv)
        except OSError as error:
            site.loader.stop()
            terminal.say(f"Loading failed at `manage.py {argv[2]}`; the next start resumes there. {error}")
            return
        while site.loader.running:
            yield True
        if site.loader.exit_status:
            terminal.say(f"Loading failed at `manage.py {argv[2]}`; the next start resumes there. See {log}")
            terminal.say(_last_line_of(log).removeprefix("CommandError: "))
            return
        if argv[2].startswith("import_"):
            terminal.say(_last_line_of(log))
    with suppress(OSError):  # on a full disk; the next start loads the same rows again, which changes nothing
        loaded.touch()


def _last_line_of(log: Path) -> str:
    """The last line: how many rows were loaded, or why loading failed."""
    return (log.read_text(encoding="utf-8", errors="replace").splitlines() or [""])[-1]


def _free_port(options: Options, terminal: Terminal) -> int:
    """The port to listen on. Raises WrongOption when the requested port is taken."""
    if options.port is not None:
        if not is_free(options.port, host=options.host):
            raise WrongOption(f"Port {options.port} is taken. Choose another: PORT=8123 make run")
        return options.port
    candidates = range(_DEFAULT_PORT, _DEFAULT_PORT + _PORTS_TRIED)
    port = next((port for port in candidates if is_free(port, host=options.host)), None)
    if port is None:
        raise WrongOption(f"No port from {_DEFAULT_PORT} on is free. Choose one: PORT=9000 make run")
    if port != _DEFAULT_PORT:
        terminal.say(f"Port {_DEFAULT_PORT} is taken, using {port}.")
    return port


def _allowed_hosts(host: str) -> list[str]:
    """The host names that visitors may use.

    Those of the loopback address, which the site is checked with; `host`; and those given in ALLOWED_HOSTS or, if none
    are given and other machines can connect, those of this machine. Any name at all would let a foreign web page that
    renames its own address read the site through its visitor's browser.
    """
    given = os.environ.get("ALLOWED_HOSTS")
    others = given.split(",") if given else [] if host == LOOPBACK else machine_hosts()
    return [*LOCAL_HOSTS, in_url(host), *others]


def _interrupt(*_: object) -> None:
    """Interrupt the current work. If a library swallows the exception, the main loop still sees the event."""
    _stop_asked.set()
    raise KeyboardInterrupt


@contextmanager
def _stopped_in_peace(site: LocalSite) -> Iterator[None]:
    """Stop the site on exit; a second Ctrl-C cannot leave it half stopped."""
    try:
        yield
    finally:
        for stop_signal in _STOP_SIGNALS:
            signal.signal(stop_signal, signal.SIG_IGN)
        site.stop()


if __name__ == "__main__":
    sys.exit(main())
