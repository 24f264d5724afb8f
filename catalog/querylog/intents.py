"""Which requests belong to one intent, and how each of them changes it. No database here."""

from __future__ import annotations

from datetime import timedelta
from itertools import takewhile

from django.utils.crypto import salted_hmac

from catalog.models import SearchIntent
from catalog.models.searches import TEXT_KEPT
from catalog.querylog.events import ClickMade, SearchMade
from catalog.search.lexical import fold

#: An intent is over after this long without a request.
IDLE = timedelta(minutes=30)
SHOWN_KEPT = 100
REQUESTS_KEPT = 30
CLICKS_KEPT = 20


def normalised(text: str) -> str:
    """The form in which equal queries compare equal: case, accents and spacing make no difference."""
    return " ".join(fold(text).split())[:TEXT_KEPT]


def is_reworded(before: str, now: str) -> bool:
    """Whether one text is the other with a stretch inserted or removed, as while somebody types.

    A text cut to less than half is treated as the beginning of another one.
    """
    shorter, longer = sorted((before, now), key=len)
    begins = _shared(shorter, longer)
    ends = _shared(shorter[begins:][::-1], longer[begins:][::-1])
    return 0 < begins + ends == len(shorter) and 2 * len(now) >= len(before)


def begin(search: SearchMade) -> SearchIntent:
    intent = SearchIntent(
        source=search.source,
        visit=search.visit,
        started_at=search.at,
        last_at=search.at,
        requests=0,
        request_ids=[],
        shown=[],
    )
    go_on(intent, search)
    return intent


def goes_on(intent: SearchIntent, search: SearchMade, *, is_latest: bool) -> bool:
    """Whether a search of the same visit belongs to the intent.

    The same text does, on any page and with any filters. A different wording does only directly after the last one, and
    only if nothing has been opened: otherwise the intent has found what it was after.
    """
    if abs(search.at - intent.last_at) > IDLE:
        return False
    text = normalised(search.text)
    return text == intent.folded or (is_latest and not intent.clicks and is_reworded(intent.folded, text))


def go_on(intent: SearchIntent, search: SearchMade) -> None:
    """Add a request to the intent. One that arrives late, from another process, does not replace a newer text."""
    intent.requests += 1
    intent.request_ids = [*intent.request_ids, search.request_id][-REQUESTS_KEPT:]
    intent.started_at = min(intent.started_at, search.at)
    if search.at < intent.last_at:
        return
    text = normalised(search.text)
    before = intent.shown[: search.offset] if text == intent.folded else []
    before += [0] * (min(search.offset, SHOWN_KEPT) - len(before))
    intent.shown = [*before, *search.shown][:SHOWN_KEPT]
    intent.text, intent.folded, intent.last_at = search.text.strip()[:TEXT_KEPT], text, search.at
    intent.asker = _asker(search.asker, text)
    intent.total, intent.close_total = search.total, search.close_total
    intent.filtered, intent.semantic_ratio = search.filtered, search.semantic_ratio
    intent.degraded, intent.corrected, intent.processing_ms = search.degraded, search.corrected, search.processing_ms


def take_click(intent: SearchIntent, click: ClickMade) -> bool:
    """Record a click on an item that the intent's listing shows; return whether it is new."""
    opened = {item_id for item_id, _ in intent.clicks}
    if click.item_id not in intent.shown or click.item_id in opened or len(opened) >= CLICKS_KEPT:
        return False
    place = intent.shown.index(click.item_id) + 1
    intent.clicks = [*intent.clicks, [click.item_id, place]]
    intent.best_click = min(place, intent.best_click or place)
    return True


def _shared(one: str, other: str) -> int:
    """The length of their common prefix."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _asker(name: str, text: str) -> int:
    """A hash that includes the text, so that it does not link a person's queries; 64 bits tell askers apart."""
    digest = salted_hmac("catalog.querylog", f"{name}\n{text}", algorithm="sha256").digest()
    return int.from_bytes(digest[:8], signed=True)
