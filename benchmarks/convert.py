"""Convert public collections, on which nothing was developed, into what `manage.py evaluate` reads.

CACM, CISI and NPL are judged collections (http://ir.dcs.gla.ac.uk/resources/test_collections/). Last.fm is what 1,892
people listened to (https://grouplens.org/datasets/hetrec-2011/): artists by name, without texts.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

#: Artists with fewer listeners are left out.
LEAST_LISTENERS = 3
#: A file of documents or queries begins each with `.I` and its number, and each of its fields with a dot and a letter.
NEXT_RECORD = re.compile(r"^\.I\s+", re.MULTILINE)
NEXT_FIELD = re.compile(r"^\.([A-Z])\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    documents: Iterable[tuple[str, str, str]]
    """Id, title and text."""
    queries: Iterable[tuple[str, str]]
    judgements: Iterable[tuple[str, str]]
    """Ids of a query and of a document that is relevant to it."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.convert", description=__doc__)
    parser.add_argument("name", choices=CONVERTERS)
    parser.add_argument("source", type=Path, help="the folder of the unpacked archive")
    parser.add_argument("target", type=Path, help="the folder to write, named like the collection")
    options = parser.parse_args()
    options.target.mkdir(parents=True, exist_ok=True)
    try:
        CONVERTERS[options.name](options.source, options.target)
    except FileNotFoundError as error:
        parser.error(f"{error.filename} does not exist.")


def cacm(source: Path, target: Path) -> None:
    _smart(source / "cacm.all", source / "query.text", source / "qrels.text", target)


def cisi(source: Path, target: Path) -> None:
    _smart(source / "CISI.ALL", source / "CISI.QRY", source / "CISI.REL", target)


def npl(source: Path, target: Path) -> None:
    """Records end with a line that has only a slash; texts and queries are in capitals or without any."""
    documents, queries, judged = (
        dict(_numbered(_text(source / name))) for name in ("doc-text", "query-text", "rlv-ass")
    )
    collection = Collection(
        documents=((number, "", text) for number, text in documents.items()),
        queries=((number, text.lower()) for number, text in queries.items()),
        judgements=((query, document) for query, listed in judged.items() for document in listed.split()),
    )
    write_judged(collection, target)


def lastfm(source: Path, target: Path) -> None:
    """Every artist somebody listened to is a positive; when is unknown, so each person's are in random order."""
    names = {row["id"]: row["name"] for row in _tabbed(source / "artists.dat")}
    heard = [
        (row["userID"], row["artistID"]) for row in _tabbed(source / "user_artists.dat") if row["artistID"] in names
    ]
    listeners = Counter(artist for _, artist in heard)
    kept = {artist for artist, people in listeners.items() if people >= LEAST_LISTENERS}
    with (target / "items.jsonl").open("w", encoding="utf-8") as file:
        for artist in sorted(kept, key=int):
            file.write(json.dumps({"id": artist, "title": names[artist]}) + "\n")
    by_person: defaultdict[str, list[str]] = defaultdict(list)
    for person, artist in heard:
        if artist in kept:
            by_person[person].append(artist)
    shuffled = random.Random(1)
    with (target / "interactions.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["user_id", "item_id", "rating", "timestamp"])
        for person, artists in by_person.items():
            shuffled.shuffle(artists)
            rows.writerows([person, artist, 5, 1_000_000_000 + 3_600 * place] for place, artist in enumerate(artists))


CONVERTERS: Mapping[str, Callable[[Path, Path], None]] = {"cacm": cacm, "cisi": cisi, "npl": npl, "lastfm": lastfm}


def records(text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The number of each record of a file in the SMART format, and its fields by their letters."""
    for record in NEXT_RECORD.split(text)[1:]:
        number, *parts = NEXT_FIELD.split(record)
        fields = zip(parts[::2], parts[1::2], strict=True)
        yield number.strip(), {letter: " ".join(content.split()) for letter, content in fields}


def _smart(documents: Path, queries: Path, judgements: Path, target: Path) -> None:
    """Each line of the judgements begins with the numbers of a query and of a document, perhaps after zeros."""
    judged = (line.split()[:2] for line in _text(judgements).splitlines() if line.strip())
    collection = Collection(
        documents=((number, own.get("T", ""), own.get("W", "")) for number, own in records(_text(documents))),
        queries=((number, own.get("W", "")) for number, own in records(_text(queries))),
        judgements=((str(int(query)), str(int(document))) for query, document in judged),
    )
    write_judged(collection, target)


def write_judged(collection: Collection, target: Path) -> None:
    """Write a collection in the BEIR format."""
    with (target / "corpus.jsonl").open("w", encoding="utf-8") as file:
        for number, title, text in collection.documents:
            file.write(json.dumps({"_id": number, "title": title, "text": text}) + "\n")
    with (target / "queries.jsonl").open("w", encoding="utf-8") as file:
        for number, text in collection.queries:
            file.write(json.dumps({"_id": number, "text": text}) + "\n")
    with (target / "qrels.tsv").open("w", encoding="utf-8") as file:
        file.write("query-id\tcorpus-id\tscore\n")
        file.writelines(f"{query}\t{document}\t1\n" for query, document in collection.judgements)


def _numbered(text: str) -> Iterator[tuple[str, str]]:
    for record in re.split(r"^\s*/\s*$", text, flags=re.MULTILINE):
        number, _, content = record.strip().partition("\n")
        if number.isdigit():
            yield number, " ".join(content.split())


def _text(path: Path) -> str:
    return path.read_text(encoding="latin-1")


def _tabbed(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


if __name__ == "__main__":
    main()
