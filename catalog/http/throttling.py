"""Rate limits, counted in fixed windows in the cache. Without a cache nothing is limited.

A process takes a hundredth of a limit from the shared count at a time and lets that many requests pass on its own, so
most requests need no lookup. If a process has not used up its share when the window ends, that many fewer have passed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from catalog.cache import FailOpenRedisCache
from catalog.http.problems import error_response, is_api
from catalog.models import ApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView

#: Monitoring is never told to wait.
HEALTH_CHECKS = ("/livez", "/readyz")
#: A process takes this fraction of a limit at a time.
SHARES = 100
PERIODS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`limit` requests in `period_s` seconds; a limit of 0 means no limit."""

    limit: int
    period_s: int

    @classmethod
    @lru_cache
    def parse(cls, text: str) -> Rate:
        """Parse `600/min`; `0/min` disables the limit."""
        limit, _, period = text.partition("/")
        return cls(limit=int(limit), period_s=PERIODS_S[period[0]])


class Allowance:
    """Requests that this process may let pass without a lookup, by the window they are counted in."""

    def __init__(self, *, most_windows: int = 10_000) -> None:
        self._most_windows = most_windows
        self._left: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, window: str, rate: Rate) -> bool:
        """Whether one more request may pass."""
        with self._lock:
            if self._left.get(window, 0) > 0:
                self._left[window] -= 1
                return True
        share = max(1, rate.limit // SHARES)
        counted = cast("FailOpenRedisCache", cache).count(f"throttle:{window}", rate.period_s, by=share)
        granted = min(share, rate.limit - (counted - share))
        if granted > 1:
            with self._lock:
                if len(self._left) >= self._most_windows:
                    self._left.clear()
                self._left[window] = self._left.get(window, 0) + granted - 1
        return granted > 0


_allowance = Allowance()


def seconds_to_wait(scope: str, ident: str) -> int:
    """Count one request of `ident` and return 0 if it may pass, otherwise the seconds until it may retry."""
    rate = Rate.parse(str(api_settings.DEFAULT_THROTTLE_RATES[scope]))
    if not rate.limit:
        return 0
    window, elapsed_s = divmod(int(time.time()), rate.period_s)
    return 0 if _allowance.take(f"{scope}:{ident}:{window}", rate) else rate.period_s - elapsed_s


class ClientThrottle(BaseThrottle):
    """Limits reads and writes of one API key, user or address."""

    _wait_s = 0

    def allow_request(self, request: Request, view: APIView) -> bool:
        scope = "read" if request.method in SAFE_METHODS else getattr(view, "throttle_scope", "write")
        self._wait_s = seconds_to_wait(scope, caller_name(request))
        return self._wait_s == 0

    def wait(self) -> float | None:
        return self._wait_s or None


class PictureFormThrottle(ClientThrottle):
    """Limits multipart forms, which are used to send pictures, before their bodies are read."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        self._wait_s = seconds_to_wait("pictures", caller_name(request)) if is_multipart(request) else 0
        return self._wait_s == 0


def is_multipart(request: Request) -> bool:
    return (request.content_type or "").partition(";")[0].strip().lower() == "multipart/form-data"


class PageRateMiddleware:
    """Limits the pages of one address; the API's views have limits of their own.

    The user is ignored: that would read the session, and make covers, which anyone may cache, private to one visitor.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_page = not is_api(request) and request.path not in HEALTH_CHECKS
        if is_page and (wait_s := seconds_to_wait("pages", address_name(request))):
            response = error_response(request, 429, "throttled", f"Too many requests. Try again in {wait_s} s.")
            response["Retry-After"] = str(wait_s)
            return response
        return self.get_response(request)


def caller_name(request: HttpRequest | Request) -> str:
    """A name for one API key, user or address."""
    key = getattr(request, "auth", None)
    if isinstance(key, ApiKey):
        return f"key-{key.pk}"
    if request.user and request.user.is_authenticated:
        return f"user-{request.user.pk}"
    return address_name(request)


def address_name(request: HttpRequest | Request) -> str:
    """A caller's address. Forwarded ones count only behind NUM_PROXIES."""
    return f"address-{BaseThrottle().get_ident(request)}"  # type: ignore[arg-type]
