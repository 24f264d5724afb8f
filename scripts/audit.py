"""Ask an advisory service whether any locked version has a known vulnerability. Run by `make audit`.

The exit status is 0 if none has, 1 if any has, and 2 if some could not be looked up: those are not known to be safe.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
COMMAND = (str(PROJECT / ".venv-tools/bin/pip-audit"), "--progress-spinner", "off", "--no-deps", "--disable-pip")
VULNERABLE, NOT_AUDITED = 1, 2
SAID_CHARACTERS = 300
TIMEOUT_S = 300


def verdict(dependencies: Sequence[dict[str, Any]]) -> tuple[int, list[str]]:
    """The exit status and the lines to print, from pip-audit's findings on each package."""
    known = [
        f"{package['name']} {package['version']}: {_told(vulnerability)}"
        for package in dependencies
        for vulnerability in package.get("vulns", ())
    ]
    unknown = [package["name"] for package in dependencies if "skip_reason" in package]
    looked_up = len(dependencies) - len(unknown)
    lines = [*known, f"{len(known)} known vulnerabilities; {looked_up} of {len(dependencies)} packages were looked up."]
    if unknown:
        lines.append(f"Unknown to the advisory service: {', '.join(unknown)}.")
    return (VULNERABLE if known else NOT_AUDITED if unknown or not looked_up else 0), lines


def _told(vulnerability: dict[str, Any]) -> str:
    return f"{vulnerability['id']}, mended in {', '.join(vulnerability['fix_versions']) or 'no version yet'}"


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        own = ["--requirement", str(PROJECT / "requirements.lock"), "--format", "json", "--output", str(report)]
        try:
            finished = subprocess.run([*COMMAND, *own, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"The advisory service did not respond within {TIMEOUT_S} s. Nothing was audited.\n")
            return NOT_AUDITED
        if not report.exists():
            said = finished.stderr.strip()[-SAID_CHARACTERS:]
            sys.stderr.write(f"The advisory service cannot be reached. Nothing was audited.\n{said}\n")
            return NOT_AUDITED
        status, lines = verdict(json.loads(report.read_text(encoding="utf-8"))["dependencies"])
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
