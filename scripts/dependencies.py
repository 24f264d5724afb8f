"""Print pyproject.toml's requirements, one per line; with --all, those of the optional groups too."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

_PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def main(arguments: list[str]) -> None:
    project = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    if arguments == ["--all"]:
        wanted += [requirement for group in project["optional-dependencies"].values() for requirement in group]
    sys.stdout.writelines(f"{requirement}\n" for requirement in wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
