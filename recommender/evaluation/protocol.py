"""The protocol for measuring recommendations on recorded interactions.

Ratings of 4 stars or more are positives, and so is every event without stars whose kind has a positive weight. Each
user's positives are put in time order and the last fifth is held out. The history is the positives before those, or
everything before them if so asked. The whole catalogue is ranked except for what is in that history. Users with nothing
held out do not enter the means.

Cold items are measured separately: a tenth of the items with positives is withheld from all histories, so that only
their texts are known, and these items are ranked among themselves for users with positives among them. How hard that is
depends on the items drawn, so it is repeated for several samples, and means are over the users of all samples.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from hashlib import md5

from recommender.importing import ImportedEvent
from recommender.models import EventKind

POSITIVE_STARS = 4.0
HELD_OUT = 0.2
#: The share of the items with positives that is withheld to measure cold items.
WITHHELD = 0.1
LEFT_OUT = "the user's positives before the held-out ones"
EVERYTHING_LEFT_OUT = "everything that the user rated before the held-out positives"
COLD_LEFT_OUT = "everything but the withheld items, a tenth of those with positives"


def split(
    events: Sequence[ImportedEvent], *, everything: bool = False
) -> tuple[dict[str, list[ImportedEvent]], dict[str, frozenset[str]]]:
    """Each user's history, oldest first, and the external ids of the held-out positives."""
    kinds = EventKind.objects.positive_names()
    by_user: defaultdict[str, list[ImportedEvent]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.occurred_at):
        by_user[event.username].append(event)
    histories, held_out = {}, {}
    for username, own in by_user.items():
        positives = [event for event in own if is_positive(event, kinds)]
        kept = len(positives) - int(len(positives) * HELD_OUT)
        known = {event.external_id for event in positives[:kept]}
        wanted = frozenset(event.external_id for event in positives[kept:]) - known
        history = own[: own.index(positives[kept])] if everything and kept < len(positives) else positives[:kept]
        if history:
            histories[username] = history
        if wanted:
            held_out[username] = wanted
    return histories, held_out


def is_positive(event: ImportedEvent, kinds: Collection[str]) -> bool:
    """Whether an event counts in favour of its item; `kinds` are those with a positive weight."""
    return event.kind in kinds and (event.value is None or event.value >= POSITIVE_STARS)


def withhold(
    histories: Mapping[str, Sequence[ImportedEvent]], held_out: Mapping[str, Set[str]], *, sample: int = 0
) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """The items that a sample withholds, and each user's positives among them, for users with other history left."""
    kinds = EventKind.objects.positive_names()
    positives = {
        username: held_out.get(username, frozenset())
        | {event.external_id for event in own if is_positive(event, kinds)}
        for username, own in histories.items()
    }
    known = sorted({item for own in positives.values() for item in own}, key=lambda item: _chance(item, sample))
    withheld = frozenset(known[: int(len(known) * WITHHELD)])
    wanted = {
        username: frozenset(own & withheld)
        for username, own in positives.items()
        if own & withheld and any(event.external_id not in withheld for event in histories[username])
    }
    return withheld, wanted


def _chance(external_id: str, sample: int) -> bytes:
    """A fixed pseudo-random sort key, unrelated to the item's properties."""
    return md5(f"{sample} {external_id}".encode(), usedforsecurity=False).digest()
