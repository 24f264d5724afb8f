"""How `make audit` judges a report: what was not looked up is not safe."""

from __future__ import annotations

import pytest

from scripts.audit import NOT_AUDITED, VULNERABLE, verdict

SAFE = {"name": "django", "version": "5.2.19", "vulns": []}
UNKNOWN = {"name": "private", "skip_reason": "Dependency not found on PyPI"}
HURT = {
    "name": "jinja2",
    "version": "2.4",
    "vulns": [{"id": "PYSEC-2", "fix_versions": ["2.5", "3.0"]}, {"id": "PYSEC-1", "fix_versions": []}],
}


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        ([SAFE, SAFE], 0, "0 known vulnerabilities; 2 of 2 packages were looked up."),
        ([SAFE, UNKNOWN], NOT_AUDITED, "0 known vulnerabilities; 1 of 2 packages were looked up."),
        ([UNKNOWN], NOT_AUDITED, "Unknown to the advisory service: private."),
        ([], NOT_AUDITED, "0 of 0"),
        ([SAFE, HURT], VULNERABLE, "jinja2 2.4: PYSEC-2, mended in 2.5, 3.0"),
        ([HURT, UNKNOWN], VULNERABLE, "PYSEC-1, mended in no version yet"),
    ],
)
def test_the_exit_status_and_the_words_say_what_was_found(packages, status, said):
    found, lines = verdict(packages)
    assert found == status
    assert any(said in line for line in lines)
