"""Measuring search on query sets, one measurement at a time."""

from __future__ import annotations

from catalog.judged.measuring import carry_out
from catalog.models import Measurement
from workers import jobs

LOCK = 0x3EA5
KINDS: jobs.Kinds = {Measurement: carry_out}


def waiting() -> bool:
    return jobs.waiting(KINDS)


def work() -> None:
    jobs.work_through(KINDS, lock=LOCK)
