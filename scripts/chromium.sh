#!/usr/bin/env bash
# Make sure that the browser tests can find a Chromium: the machine's, Debian's, or playwright's own.
set -euo pipefail
cd "$(dirname "$0")/.."

found() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return
    done
    .venv/bin/python - <<'PYTHON'
import sys
from pathlib import Path
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not Path(playwright.chromium.executable_path).exists())
PYTHON
}

found && exit
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Debian's chromium for the browser tests ..."
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null || true
    found && exit
fi
echo "Installing playwright's chromium for the browser tests ..."
.venv/bin/python -m playwright install chromium || true
found && exit
echo "No Chromium: the browser tests need one. Install 'chromium' or 'google-chrome', then run make test again." >&2
exit 1
