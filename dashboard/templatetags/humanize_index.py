"""Numbers formatted for staff."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def thousands(value: int) -> str:
    """9742 -> 9,742"""
    return f"{value:,}"


@register.filter
def percent_number(share: float) -> str:
    """0.9987 -> 99: only complete shows 100."""
    return str(int(share * 100))


@register.filter
def percent(share: float) -> str:
    """0.9987 -> 99%"""
    return f"{percent_number(share)}%"


@register.filter
def percent1(share: float) -> str:
    """0.0426 -> 4.3%"""
    return f"{100 * share:.1f}%"


@register.filter
def points(difference: float) -> str:
    """0.0426 -> +4.3, in percentage points."""
    return f"{100 * difference:+.1f}"


@register.filter
def duration(seconds: float) -> str:
    """75 -> 1 min 15 s"""
    minutes, rest_s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"


@register.filter
def detail(noted: Mapping[str, object]) -> str:
    """{"preview": True, "scope": "write", "items": 3} -> preview, scope: write, items: 3"""
    told = (
        (name.replace("_", " "), value)
        for name, value in noted.items()
        if value not in (None, "") and value is not False
    )
    return ", ".join(name if value is True else f"{name}: {value}" for name, value in told)
