#!/usr/bin/env bash
# Create .venv-tools with the tools of `make sbom` and `make audit`, unless it is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=scripts/supply-chain-tools.txt
made=.venv-tools/made-of.txt

cmp --silent "$wanted" "$made" && exit 0
rm -rf .venv-tools
"${PYTHON:-python3}" -m venv .venv-tools
.venv-tools/bin/python -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
cp "$wanted" "$made"
