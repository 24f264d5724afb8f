#!/usr/bin/env bash
# Resolve pyproject.toml in an empty environment and write every version, transitive ones included, to requirements.lock.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh="$(mktemp -d)"
trap 'rm -rf "$fresh"' EXIT

"${PYTHON:-python3}" -m venv "$fresh/venv"
# Without the project itself, which runs from its folder.
"$fresh/venv/bin/python" scripts/dependencies.py --all >"$fresh/wanted"
"$fresh/venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$fresh/wanted"
{
    echo "# Every version that 'make setup' installs. Written by 'make lock'; edit pyproject.toml instead."
    # A build label such as +cpu or +cu130 depends on the machine, not on the version.
    "$fresh/venv/bin/python" -m pip freeze | sed -E 's/\+[a-z0-9.]+$//' | grep -v -E '^(nvidia-|cuda-|triton)'
} >requirements.lock
echo "requirements.lock lists $(grep -c == requirements.lock) packages."
