"""The operating-system account that the services run under.

PostgreSQL refuses to run as root. When started as root, both services therefore run under an unprivileged account that
already exists on the machine; that account must be able to reach the programs and the data.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

ACCOUNT_NAMES = ("postgres", "pgserver", "nobody")
SHARED_ROOT = Path("/var/lib/searchsite")
_OTHERS_MAY_ENTER = 0o001


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account of the services: the current one, or an unprivileged one when running as root."""

    uid: int
    gid: int
    switched: bool
    """Whether this differs from the current process's account."""

    @classmethod
    def for_services(cls) -> Account:
        if os.geteuid() != 0:
            return cls(uid=os.geteuid(), gid=os.getegid(), switched=False)
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        entry = next(known[name] for name in ACCOUNT_NAMES if name in known)
        return cls(uid=entry.pw_uid, gid=entry.pw_gid, switched=True)

    def can_enter(self, directory: Path) -> bool:
        """Whether the account may traverse every folder on the path to `directory`, including `directory` itself."""
        if not self.switched:
            return True
        return all(part.stat().st_mode & _OTHERS_MAY_ENTER for part in (directory, *directory.parents))

    def give(self, directory: Path) -> None:
        """Create `directory` if needed and make the account its owner, with no access for anybody else."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.switched:
            os.chown(directory, self.uid, self.gid)


def make_passable(directory: Path) -> None:
    """Create `directory` and its missing parents so that others may only traverse them, regardless of the umask."""
    if not directory.is_dir():
        make_passable(directory.parent)
        directory.mkdir(exist_ok=True)
        directory.chmod(0o711)
