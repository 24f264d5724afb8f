"""Which settings a list is made by, for whom."""

from __future__ import annotations

import secrets
import zlib

from django.utils import timezone

from recommender.serving.configuration import settings_of
from recommender.serving.scenarios import ScenarioSettings
from recommender.subjects import Subject


def settings_for(scenario: str, subject: Subject) -> ScenarioSettings:
    """The settings of a scenario for a subject. One query. Raises KeyError for a scenario that there is not."""
    return settings_of(scenario)


def seed_of(subject: Subject) -> int:
    """What chance goes by: the same for somebody all day, so that a list does not change at every look."""
    return zlib.crc32(f"{subject} {timezone.now():%Y%m%d}".encode()) if subject.known else secrets.randbits(32)
