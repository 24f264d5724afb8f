"""Two index versions that find different things."""

from __future__ import annotations

from pathlib import Path

from catalog.models import IndexVersion
from tests.checkpoints import write_checkpoint
from tests.factories import make_items, make_version
from workers.embed import drain


def make_opposed_versions(folder: Path) -> tuple[IndexVersion, IndexVersion]:
    """The same encoder on titles and on bodies, which contradict each other; the first version serves."""
    small = str(write_checkpoint(folder / "small", seed=5))
    one = make_version(backend="transformer", model=small, dimensions=32, document_template="{{ title }}")
    other = make_version(
        backend="transformer", model=small, dimensions=32, document_template="{{ body }}", state="ready"
    )
    words = ["storm", "robot", "ghost", "train", "island", "river", "ship", "war", "love", "town", "snow", "sea"]
    make_items([{"external_id": word, "title": word, "body": words[-1 - number]} for number, word in enumerate(words)])
    drain(until_s=60)
    return one, other
