"""Real documents and queries: excerpts from the texts of public collections, and queries that people asked of them."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from searchsite.local_site import PROJECT

SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
#: The number of sentences in an excerpt.
SENTENCES = (3, 2)
MAX_CHARACTERS = 900
#: Each collection with its file and text field. The last two have queries of their own.
COLLECTIONS = (
    ("movies", "items.jsonl", "description"),
    ("scifact", "corpus.jsonl", "text"),
    ("cranfield", "corpus.jsonl", "text"),
)
QUERIES = ("scifact", "cranfield", "movies-title")


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkDocument:
    """Two or three consecutive sentences. `place` is its number: filters select every tenth or every hundredth."""

    place: int
    title: str
    body: str
    collection: str

    def as_item(self) -> dict[str, object]:
        attributes = {"aisle": f"a{self.place % 10}", "shelf": f"s{self.place % 100}"}
        return {
            "external_id": str(self.place),
            "title": self.title,
            "body": self.body,
            "category": self.collection,
            "attributes": attributes,
        }

    @property
    def text(self) -> str:
        """The text as the default document template renders the item."""
        return f"{self.title}\n{self.body}".strip()


def public_data() -> Path:
    """The folder with the collections: SEARCHSITE_DATA, or `shared/data` beside the project.

    Exits with a message naming the missing files if there are any.
    """
    data = Path(os.environ.get("SEARCHSITE_DATA", PROJECT.parent / "shared" / "data"))
    wanted = [*(f"{name}/{file}" for name, file, _ in COLLECTIONS), *(f"{name}/queries.jsonl" for name in QUERIES)]
    if missing := [path for path in wanted if not (data / path).is_file()]:
        raise SystemExit(
            "Benchmarks read public collections: set SEARCHSITE_DATA to the folder that holds them. "
            f"{data} has no {', '.join(missing)}."
        )
    return data


def documents(data: Path, *, count: int) -> list[BenchmarkDocument]:
    """The first `count` excerpts in an arbitrary but fixed order, so that fewer are a sample of more.

    Raises ValueError if the collections have fewer.
    """
    stretches = list(dict.fromkeys(_stretches(data)))
    random.Random(1).shuffle(stretches)
    if len(stretches) < count:
        raise ValueError(f"{data} has texts for {len(stretches):,} documents only.")
    return [
        BenchmarkDocument(place=place, title=title, body=body, collection=collection)
        for place, (collection, title, body) in enumerate(stretches[:count])
    ]


def queries(data: Path, *, count: int) -> list[str]:
    """What people asked of these collections, in a fixed order."""
    texts = [row["text"] for name in QUERIES for row in _json_lines(data / name / "queries.jsonl")]
    random.Random(2).shuffle(texts)
    return list(dict.fromkeys(texts))[:count]


def _stretches(data: Path) -> Iterator[tuple[str, str, str]]:
    texts = [
        (name, row["title"], SENTENCE_END.split(row[field].strip()))
        for name, file, field in COLLECTIONS
        for row in _json_lines(data / name / file)
        if row[field]
    ]
    for length in SENTENCES:
        for name, title, sentences in texts:
            for first in range(max(len(sentences) - length + 1, 1)):
                body = " ".join(sentences[first : first + length])
                if len(body) <= MAX_CHARACTERS:
                    yield name, title, body


def _json_lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
