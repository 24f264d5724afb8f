"""Whether this process is alive, and whether it can serve."""

from __future__ import annotations

import logging

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog.embedding.base import EncoderUnavailable
from catalog.embedding.registry import encoder_for
from catalog.models import IndexVersion

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else, so that a database outage does not restart web servers."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The process can serve: 200 as long as the database answers, since search works without the others."""
    database, encoder = _database_and_encoder()
    checks = {"database": database, "redis": _redis(), "encoder": encoder}
    return JsonResponse(checks, status=200 if database == "ok" else 503)


def _database_and_encoder() -> tuple[str, str]:
    try:
        version = IndexVersion.objects.active()
    except DatabaseError as error:
        logger.warning("The database does not respond: %s", error)
        connection.close()
        return "unavailable", "unknown"
    if version is None:
        return "ok", "no active index version"
    try:
        encoder_for(version.encoder_spec, wait_s=0)
    except EncoderUnavailable as error:
        return "ok", str(error)
    return "ok", "ok"


def _redis() -> str:
    timeout_s = settings.REDIS_TIMEOUT_S
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=None
        ) as client:
            client.ping()
    except redis.RedisError as error:
        logger.warning("Redis does not respond: %s", error)
        return "unavailable"
    return "ok"
