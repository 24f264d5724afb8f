"""How requests are reported to the query log. Nothing here waits, reads the database or fails."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request

from catalog.http.addresses import parts_of
from catalog.http.middleware import request_id
from catalog.http.throttling import caller_name
from catalog.models import ApiKey, SearchIntent
from catalog.querylog.buffer import buffer
from catalog.querylog.events import ClickMade, SearchMade
from catalog.querylog.visits import keep_visit, known_visit, uuid_in, visit_of
from catalog.search.queries import SearchResults


def log_page_search(
    request: HttpRequest, response: HttpResponse, results: SearchResults, *, shown: Iterable[int]
) -> None:
    """Log a search on the page and keep the visitor's id for the next one. Browsing is not a search and not logged."""
    if not settings.QUERY_LOG:
        return
    visit = visit_of(request)
    assert visit is not None
    keep_visit(response, visit)
    _log(request, results, source=SearchIntent.Source.PAGE, visit=visit, asker=caller_name(request), shown=shown)


def log_api_search(request: Request, results: SearchResults, *, visit: UUID | None) -> None:
    """Log a search of the API: an intent of its own, unless the caller names a visit.

    For a program, each visit counts as one person; without visits, all its searches count as one person's.
    """
    is_program = isinstance(request.auth, ApiKey)
    asker = f"{caller_name(request)} {visit}" if is_program and visit else caller_name(request)
    shown = (hit.item.pk for hit in results.hits)
    _log(request._request, results, source=SearchIntent.Source.API, visit=visit, asker=asker, shown=shown)


def log_page_click(request: HttpRequest, item_id: int) -> None:
    """Log the opening of an item's page from the visitor's own results, as the Referer header shows."""
    came_from = parts_of(request.headers.get("Referer", ""))
    is_ours = came_from.netloc == request.get_host() and came_from.path == reverse("search")
    is_real = request.method == "GET" and "Sec-Purpose" not in request.headers
    visit = known_visit(request)
    if settings.QUERY_LOG and is_ours and is_real and visit is not None:
        text = QueryDict(came_from.query).get("q", "")
        buffer.add(ClickMade(at=timezone.now(), item_id=item_id, visit=visit, text=text))


def log_interaction(shown_by: str, item_id: int) -> None:
    """Count an interaction with an item as a click of the search whose `request_id` showed it, if it was a search."""
    if settings.QUERY_LOG and (shown := uuid_in(shown_by)) is not None:
        buffer.add(ClickMade(at=timezone.now(), item_id=item_id, request_id=shown))


def _log(
    request: HttpRequest, results: SearchResults, *, source: str, visit: UUID | None, asker: str, shown: Iterable[int]
) -> None:
    query = results.query
    if not settings.QUERY_LOG or not query.text.strip():
        return
    buffer.add(
        SearchMade(
            at=timezone.now(),
            source=source,
            visit=visit,
            asker=asker,
            request_id=UUID(request_id(request)),
            text=query.text,
            offset=query.offset,
            shown=tuple(shown),
            total=results.total,
            close_total=results.close_total,
            filtered=bool(query.filter),
            semantic_ratio=query.semantic_ratio,
            degraded=results.degraded,
            corrected=results.correction is not None,
            processing_ms=results.processing_ms,
        )
    )
