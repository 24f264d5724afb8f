#!/usr/bin/env bash
# Every check that needs no running service. Run by `make lint`.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python

# The settings require an environment; nothing here connects to it.
export DATABASE_URL=postgres://lint@127.0.0.1:1/lint REDIS_URL=redis://127.0.0.1:1/0 ALLOWED_HOSTS=localhost
SECRET_KEY="$("$python" -c 'import secrets; print(secrets.token_urlsafe(64))')"
export SECRET_KEY PYTHONWARNINGS="ignore:Got an error checking a consistent migration history:RuntimeWarning"

failed=()
step() {
    echo "-- $1"
    "${@:2}" || failed+=("$1")
}

step "ruff check" "$python" -m ruff check .
step "ruff format" "$python" -m ruff format --check .
step "mypy" "$python" -m mypy .
step "templates" "$python" -m scripts.check_templates
step "django check" "$python" manage.py check --deploy --fail-level WARNING
step "migrations" "$python" manage.py makemigrations --check --dry-run
step "openapi" "$python" manage.py spectacular --validate --fail-on-warn --file /dev/null

if [ ${#failed[@]} -gt 0 ]; then
    printf 'Failed: %s\n' "$(IFS=,; echo "${failed[*]}")" >&2
    exit 1
fi
