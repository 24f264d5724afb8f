"""An endpoint's limits, from the headers of a response."""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST_REST_S = 3_600.0
UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
LIMITED = ("requests", "tokens")


def rest_asked_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the next call, at most an hour; None if the headers do not say.

    Uses `Retry-After` in seconds (a date would trust the other side's clock), `retry-after-ms`, and the
    `x-ratelimit-reset-...` of those limits for which `x-ratelimit-remaining-...` says that nothing is left.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return min(float(text), LONGEST_REST_S)
    text = headers.get("retry-after-ms", "").strip()
    if text.isdecimal():
        return min(float(text) / 1_000, LONGEST_REST_S)
    resets = [
        _duration_s(headers.get(f"x-ratelimit-reset-{limited}", ""))
        for limited in LIMITED
        if headers.get(f"x-ratelimit-remaining-{limited}", "").strip() == "0"
    ]
    return min(max(resets), LONGEST_REST_S) if resets else None


def _duration_s(text: str) -> float:
    """Durations in OpenAI's notation: `1s`, `6m0s`, `20ms`. A bare number is in seconds."""
    text = text.strip()
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    return sum(float(number) * UNITS_S[unit] for number, unit in DURATION.findall(text))
