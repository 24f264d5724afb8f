"""Notes of requests about the lists they show and what was done with them. Nothing here waits or fails.

A list counts as shown when it is handed out. What is done through the API is attributed to a list by the `request_id`;
on pages, by the visit and the browser's referrer, so that links stay plain and clicks count without JavaScript.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils import timezone

from catalog.http.addresses import parts_of
from catalog.http.middleware import request_id
from catalog.querylog.buffer import Buffer
from catalog.querylog.visits import known_visit, uuid_in, visit_of
from recommender.models import ShownList
from recommender.serving.assignment import Assignment
from recommender.serving.events import ListShown, ListUsed, Noted
from recommender.serving.writing import write

OPENING = frozenset({"view", "click"})
ACTING = frozenset({"like", "save", "cart", "buy"})
#: A rating with this many stars counts in favour of an item.
GOOD_STARS = 4.0
#: The pages that show lists, by URL name, and the scenario of each.
PAGES: Mapping[str, str] = {"home": "home", "for-you": "for-you", "item": "item"}

buffer: Buffer[Noted] = Buffer(write, name="log of recommendations")


def note_page_list(request: HttpRequest, assignment: Assignment, item_ids: Iterable[int]) -> None:
    """Note that a page shows these items, in this order. A page that a browser prefetches does not count as shown."""
    if request.method == "GET" and "Sec-Purpose" not in request.headers:
        visit = visit_of(request)
        request.shows_lists = True  # type: ignore[attr-defined]
        _note(assignment, item_ids, source=ShownList.Source.PAGE, shown_by=UUID(request_id(request)), visit=visit)


def note_api_list(request: HttpRequest, assignment: Assignment, item_ids: Iterable[int]) -> None:
    _note(assignment, item_ids, source=ShownList.Source.API, shown_by=UUID(request_id(request)))


def note_list(assignment: Assignment, item_ids: Iterable[int]) -> UUID:
    """Note one of many lists that a request or command hands out, and return the id that attributes events to it."""
    shown_by = uuid4()
    _note(assignment, item_ids, source=ShownList.Source.API, shown_by=shown_by)
    return shown_by


def note_opened(request: HttpRequest, item_id: int) -> None:
    """Note a view of an item's page by somebody coming from a page with lists."""
    visit, scenario = known_visit(request), _came_from(request)
    if settings.RECOMMENDATION_LOG and visit is not None and scenario and "Sec-Purpose" not in request.headers:
        buffer.add(ListUsed(at=timezone.now(), item_id=item_id, acted=False, visit=visit, scenario=scenario))


def note_reaction(request: HttpRequest, item_id: int, kind: str) -> None:
    """Note a reaction to an item on a page, either on a list itself or on the item's page opened from it."""
    visit = known_visit(request)
    if settings.RECOMMENDATION_LOG and visit is not None and kind in ACTING:
        buffer.add(ListUsed(at=timezone.now(), item_id=item_id, acted=True, visit=visit))


def note_event(shown_by: str, item_id: int, kind: str, value: float | None) -> None:
    """Note an event recorded with the `request_id` of a list, if it is such an id."""
    acted = kind in ACTING or (value is not None and value >= GOOD_STARS)
    if settings.RECOMMENDATION_LOG and (acted or kind in OPENING) and (shown := uuid_in(shown_by)) is not None:
        buffer.add(ListUsed(at=timezone.now(), item_id=item_id, acted=acted, request_id=shown))


def _note(
    assignment: Assignment, item_ids: Iterable[int], *, source: str, shown_by: UUID, visit: UUID | None = None
) -> None:
    items = tuple(item_ids)
    if not settings.RECOMMENDATION_LOG or not items:
        return
    buffer.add(
        ListShown(
            at=assignment.at,
            source=source,
            scenario=assignment.scenario,
            model_id=assignment.model_id,
            experiment_id=assignment.experiment_id,
            variant=assignment.variant,
            unit=assignment.pseudonym,
            request_id=shown_by,
            visit=visit,
            item_ids=items,
        )
    )


def _came_from(request: HttpRequest) -> str:
    """The scenario of the page with lists that the browser came from; empty for any other page."""
    came_from = parts_of(request.headers.get("Referer", ""))
    if came_from.netloc != request.get_host():
        return ""
    try:
        return PAGES.get(resolve(came_from.path).url_name or "", "")
    except Resolver404:
        return ""
