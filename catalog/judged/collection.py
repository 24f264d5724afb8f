"""Queries whose answers among some documents are known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import md5
from pathlib import Path

from catalog.judged.beir import documents_in, judged_queries


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCollection:
    """Texts by their ids, and for each query the grades of documents, 0 meaning not relevant."""

    name: str
    documents: Mapping[str, str]
    queries: Mapping[str, str]
    judgements: Mapping[str, Mapping[str, float]]
    titles: Mapping[str, str]
    """Of those documents whose text begins with one: the title, by the document's id."""

    def asking(self, queries: Collection[str]) -> JudgedCollection:
        """The same documents with these queries alone."""
        return replace(
            self,
            queries={query: text for query, text in self.queries.items() if query in queries},
            judgements={query: grades for query, grades in self.judgements.items() if query in queries},
        )

    def among(self, most_documents: int) -> JudgedCollection:
        """The same queries among fewer documents: those that are judged, and others by chance up to so many."""
        judged = {document for grades in self.judgements.values() for document in grades}
        kept = sorted(self.documents, key=lambda document: (document not in judged, chance(document)))
        chosen = frozenset(kept[: max(most_documents, len(judged & self.documents.keys()))])
        return replace(self, documents={key: text for key, text in self.documents.items() if key in chosen})


def chance(name: str) -> bytes:
    """An order that has nothing to do with what is named, and is the same every time."""
    return md5(name.encode(), usedforsecurity=False).digest()


def read_collection(directory: Path) -> JudgedCollection:
    """Read a collection in the BEIR form: `corpus.jsonl`, `queries.jsonl`, and `qrels.tsv` or `qrels/test.tsv`.

    Queries without a relevant document are left out. Raises OSError, and ValueError where none is left.
    """
    documents, titles = {}, {}
    for document in documents_in(directory):
        documents[document.id] = f"{document.title}\n{document.text}".strip()
        titles[document.id] = document.title
    queries, judged = judged_queries(directory)
    return JudgedCollection(
        name=directory.name,
        documents=documents,
        queries=dict(queries),
        judgements={query: judged[query] for query, _ in queries},
        titles={document: title for document, title in titles.items() if title},
    )
