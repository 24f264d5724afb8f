"""A judged collection: documents, queries, and grades of documents for queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import md5
from pathlib import Path

from catalog.judged.beir import documents_in, judged_queries


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCollection:
    """Documents and queries, with the grades of documents for queries."""

    name: str
    documents: Mapping[str, str]
    """Texts by id."""
    queries: Mapping[str, str]
    """Texts by id."""
    judgements: Mapping[str, Mapping[str, float]]
    """Grades by the id of the query, then of the document; 0 is not relevant."""
    titles: Mapping[str, str]
    """Titles by the id of the document, for documents whose text begins with one."""

    def asking(self, queries: Collection[str]) -> JudgedCollection:
        """All documents with only these queries."""
        return replace(
            self,
            queries={query: text for query, text in self.queries.items() if query in queries},
            judgements={query: grades for query, grades in self.judgements.items() if query in queries},
        )

    def among(self, most_documents: int) -> JudgedCollection:
        """All queries with `most_documents` documents: the judged ones, however many, and a random sample of others."""
        judged = {document for grades in self.judgements.values() for document in grades}
        kept = sorted(self.documents, key=lambda document: (document not in judged, chance(document)))
        chosen = frozenset(kept[: max(most_documents, len(judged & self.documents.keys()))])
        return replace(self, documents={key: text for key, text in self.documents.items() if key in chosen})


def chance(name: str) -> bytes:
    """A sort key for a pseudo-random order that is always the same."""
    return md5(name.encode(), usedforsecurity=False).digest()


def read_collection(directory: Path) -> JudgedCollection:
    """Read a collection in the BEIR format: `corpus.jsonl`, `queries.jsonl`, and `qrels.tsv` or `qrels/test.tsv`.

    Queries without a relevant document are left out. Raises OSError, and ValueError if none is left.
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
