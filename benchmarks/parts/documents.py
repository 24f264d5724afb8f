"""Real documents and queries: stretches of the texts of public collections, and what people asked of them."""

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
#: A stretch has so many sentences.
SENTENCES = (3, 2)
MAX_CHARACTERS = 900
#: Collection, its file and the field with the text. Each of the last two has queries of its own.
COLLECTIONS = (
    ("movies", "items.jsonl", "description"),
    ("scifact", "corpus.jsonl", "text"),
    ("cranfield", "corpus.jsonl", "text"),
)
QUERIES = ("scifact", "cranfield", "movies-title")


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkDocument:
    """Two or three consecutive sentences. `place` is its number: filters ask for every tenth or every hundredth."""

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
        """As the default document template renders the item."""
        return f"{self.title}\n{self.body}".strip()


def public_data() -> Path:
    """The folder with the collections: SEARCHSITE_DATA, or `shared/data` beside the project.

    Ends the process where a file is missing, and says which.
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
    """The first `count` stretches in an order that is arbitrary but always the same, so fewer are a sample of more.

    Raises ValueError where the collections have fewer.
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
    """What people asked of these collections, in an order that is always the same."""
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
