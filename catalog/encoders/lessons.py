"""What a student is taught with: sentences and words of the catalogue, or of a file."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.answers.sentences import sentence_spans
from catalog.items.documents import render_document
from catalog.models import Item

MOST_ITEMS = 100_000
FEWEST_CHARACTERS = 15
# A word that only one text has says little, and its parts are known.
FEWEST_TEXTS_OF_A_WORD = 2
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """Sentences, and words with their number of occurrences, those in most documents first."""

    sentences: list[str]
    words: dict[str, int]


def lessons(documents: Iterable[str], *, sentences: int, words: int) -> Lessons:
    """Choose up to `sentences` random sentences, the same at each call, and the words in most documents."""
    chance = random.Random(0)  # noqa: S311  (a sample, not a secret)
    chosen: list[str] = []
    seen = 0
    documents_with: Counter[str] = Counter()
    occurrences: Counter[str] = Counter()
    for document in documents:
        found = WORD.findall(document.lower())
        occurrences.update(found)
        documents_with.update(set(found))
        for start, end in sentence_spans(document):
            if end - start < FEWEST_CHARACTERS:
                continue
            sentence = document[start:end]
            seen += 1
            if len(chosen) < sentences:
                chosen.append(sentence)
            elif (place := chance.randrange(seen)) < sentences:
                chosen[place] = sentence
    frequent = [word for word, count in documents_with.most_common(words) if count >= FEWEST_TEXTS_OF_A_WORD]
    return Lessons(sentences=list(dict.fromkeys(chosen)), words={word: occurrences[word] for word in frequent})


def catalogue_documents(template: str) -> Iterator[str]:
    """The documents of published items, evenly spread over the catalogue if it is large."""
    items = Item.objects.published().order_by("pk")
    every = -(-items.count() // MOST_ITEMS)
    for place, item in enumerate(items.iterator(chunk_size=1_000)):
        if place % every == 0:
            yield render_document(item, template)


def file_documents(path: Path) -> Iterator[str]:
    """The documents of a file of JSON lines with `title` and `text`, as in judged collections.

    Raises ValueError with the line at fault, and OSError.
    """
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
                yield f"{row.get('title', '')}\n{row['text']}"
            except (ValueError, KeyError, AttributeError) as error:
                raise ValueError(f"{path}, line {number}: not a JSON object with a text ({error}).") from error
