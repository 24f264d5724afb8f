"""Items, index versions and vectors for tests, with no encoder needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from pgvector import HalfVector

from catalog.index.partitions import build_hnsw, create_partitions
from catalog.items.saving import save_item, save_items
from catalog.judged.sets import create_set, judge
from catalog.models import IndexVersion, Item, JudgedSet, Passage, SearchRule, Synonym

#: No encoder: a search that needs one is degraded at once.
NO_BACKEND = "none"


def make_item(external_id: str, title: str = "", **fields: Any) -> Item:
    return save_item(external_id=external_id, title=title or external_id, **fields)


def make_items(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Save items, with the external id as title for those without one; return their ids."""
    report = save_items([{"title": row["external_id"], **row} for row in rows])
    assert report.refusals == ()
    return Item.objects.ids_by_external_id(row["external_id"] for row in rows)


def make_version(
    *, dimensions: int = 3, state: str = "active", backend: str = NO_BACKEND, **fields: Any
) -> IndexVersion:
    """An index version without vectors and without items to embed."""
    version = IndexVersion.objects.create(
        dimensions=dimensions, state=state, backend=backend, max_tokens=256, window_tokens=254, **fields
    )
    create_partitions(version.pk)
    build_hnsw(version)
    return version


def add_passages(version: IndexVersion, vectors: Mapping[int, Sequence[Sequence[float]]]) -> None:
    """Give items, by id, one passage for each of their vectors; each spans the item's whole document."""
    Passage.objects.bulk_create(
        Passage(
            version_id=version.pk,
            item_id=item_id,
            ordinal=ordinal,
            span_start=0,
            span_end=1_000_000,
            embedding=HalfVector(list(vector)),
        )
        for item_id, own in vectors.items()
        for ordinal, vector in enumerate(own)
    )


def add_vector(version: IndexVersion, item: Item, vector: Sequence[float]) -> None:
    add_passages(version, {item.pk: [vector]})


def analyse(version: IndexVersion) -> None:
    """Have PostgreSQL estimate how many passages there are, which autovacuum does by itself within a minute or two."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE catalog_passage_v{version.pk}")


def make_rule(name: str, *, condition: str = "equals", queries: str = "whale", **fields: Any) -> SearchRule:
    """A rule, by default for the query `whale`."""
    rule = SearchRule(name=name, condition=condition, queries=queries, **fields)
    if condition == "always":
        rule.queries = ""
    rule.save()
    return rule


def make_synonym(words: Sequence[str], alternatives: Sequence[str] = (), **fields: Any) -> Synonym:
    return Synonym.objects.create(words=list(words), alternatives=list(alternatives), **fields)


def make_set(name: str, judged: Mapping[str, Mapping[int, int]]) -> JudgedSet:
    """A query set with, for the text of each query, the grades of items by id."""
    judged_set = create_set(name=name, queries=judged)
    for query in judged_set.queries.all():
        judge(query, judged[query.text])
    return judged_set
