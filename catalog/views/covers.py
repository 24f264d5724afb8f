"""Covers: an item's own picture if the browser may load it, otherwise one drawn from its words."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views import View

from catalog.covers import cover_svg
from catalog.models import Item
from catalog.pictures.addresses import is_local

YEAR_S = 31_536_000
HOUR_S = 3_600


class CoverView(View):
    """A drawn cover. Its URL identifies the content, so browsers may cache it forever."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(Item.objects.published(), pk=pk)
        drawing = cover_svg(
            title=item.title, subtitle=str(item.year or ""), category=item.category, key=item.external_id
        )
        return lasting_cache(HttpResponse(drawing, content_type="image/svg+xml"), request, item)


def lasting_cache(response: HttpResponse, request: HttpRequest, item: Item) -> HttpResponse:
    """Let browsers cache a picture forever if the URL names this content, otherwise for an hour."""
    lasting = request.GET.get("v") == _version(item)
    response["Cache-Control"] = f"public, max-age={YEAR_S}, immutable" if lasting else f"public, max-age={HOUR_S}"
    return response


def drawn_cover(item: Item) -> str:
    """The URL of the cover drawn from the item's words."""
    return f"{reverse('cover', args=[item.pk])}?v={_version(item)}"


def cover_address(item: Item) -> str:
    """The item's own picture, unless the Content-Security-Policy keeps the browser from loading it."""
    if item.image and is_local(item.image):
        return f"{reverse('item-picture', args=[item.pk])}?v={_version(item)}"
    if item.image and is_allowed(item.image, settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["img-src"]):
        return item.image
    return drawn_cover(item)


def is_allowed(address: str, sources: Iterable[str]) -> bool:
    """Whether a policy's image sources let a page load this http(s) URL."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https"):
        return False
    return any(_allows(source, parts.scheme, host, port) for source in sources if not source.startswith("'"))


def _allows(source: str, scheme: str, host: str, port: int | None) -> bool:
    """One source: `*`, `https:`, `images.example.org`, `*.example.org` or `https://images.example.org:8080`."""
    if source == "*" or source.rstrip(":") == scheme:
        return True
    wanted = urlsplit(source if "://" in source else f"{scheme}://{source}")
    name = wanted.hostname or ""
    same_host = host.endswith(name[1:]) if name.startswith("*.") else host == name
    return same_host and wanted.scheme == scheme and wanted.port == port


def _version(item: Item) -> str:
    return item.content_hash[:8]
