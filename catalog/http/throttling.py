"""Rate limits, counted in fixed windows in the cache. Without a cache nothing is limited."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from catalog.http.cache import FailOpenRedisCache
from catalog.models import ApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView

PERIODS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many requests in so many seconds; a limit of 0 is no limit."""

    limit: int
    period_s: int

    @classmethod
    @lru_cache
    def parse(cls, text: str) -> Rate:
        """Read `600/min`; `0/min` switches the limit off."""
        limit, _, period = text.partition("/")
        return cls(limit=int(limit), period_s=PERIODS_S[period[0]])


def seconds_to_wait(scope: str, ident: str) -> int:
    """Count one request of `ident` and return 0 when it may pass, or else the seconds until it may try again."""
    rate = Rate.parse(str(api_settings.DEFAULT_THROTTLE_RATES[scope]))
    if not rate.limit:
        return 0
    window, elapsed_s = divmod(int(time.time()), rate.period_s)
    counted = cast("FailOpenRedisCache", cache).count(f"throttle:{scope}:{ident}:{window}", rate.period_s)
    return 0 if counted <= rate.limit else rate.period_s - elapsed_s


class ClientThrottle(BaseThrottle):
    """Limits reads and writes of one API key, user or address."""

    _wait_s = 0

    def allow_request(self, request: Request, view: APIView) -> bool:
        scope = "read" if request.method in SAFE_METHODS else getattr(view, "throttle_scope", "write")
        self._wait_s = seconds_to_wait(scope, caller_name(request))
        return self._wait_s == 0

    def wait(self) -> float | None:
        return self._wait_s or None


def caller_name(request: HttpRequest | Request) -> str:
    """One API key, user or address. Forwarded addresses count only behind NUM_PROXIES."""
    key = getattr(request, "auth", None)
    if isinstance(key, ApiKey):
        return f"key-{key.pk}"
    if request.user and request.user.is_authenticated:
        return f"user-{request.user.pk}"
    return f"address-{BaseThrottle().get_ident(request)}"  # type: ignore[arg-type]
