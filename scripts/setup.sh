#!/usr/bin/env bash
# Create .venv with exactly the packages of requirements.lock. Run by `make setup`.
set -euo pipefail
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Python 3.11 or newer is needed. Install it, or choose one: make setup PYTHON=python3.12" >&2
    exit 1
fi

# Without pip if it could not be completed, for instance on a full disk.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv
        else
            echo "This Python cannot create virtual environments. On Debian: apt-get install python3-venv" >&2
            exit 1
        fi
    fi
    "$python" -m venv .venv
fi

echo "Installing the locked dependencies into .venv (takes a few minutes the first time) ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement requirements.lock
# On all cores; pip compiles on one. Files written for another version of Python do not make this fail.
.venv/bin/python -m compileall -qq -j 0 -x '/(tests?|transformers/models|openai)/' .venv/lib || true
touch .venv/.locked
