"""Whether the index holds what the catalogue and the ledger say it should, and how to repair it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import connection

from catalog.database.statements import patient_cursor
from catalog.index.graphs import graphs_of
from catalog.index.keywords import rebuild_keywords
from catalog.index.partitions import PARTITIONED, build_hnsw, create_partitions
from catalog.index.versions import add_missing_states
from catalog.items.documents import document_hash
from catalog.models import EmbeddingState, IndexVersion, Item, ReindexRun

EMPTY_DOCUMENT = document_hash("")

PASSAGES = "FROM catalog_passage WHERE version_id = %(version)s"
STRAY_STATES = """
    FROM catalog_embeddingstate AS state WHERE state.version_id = %(version)s
    AND NOT EXISTS (SELECT FROM catalog_item AS item WHERE item.id = state.item_id AND item.published)
"""
# Of items that are gone, unpublished or unknown to the ledger.
ORPHANED_PASSAGES = """
    FROM catalog_passage AS passage WHERE passage.version_id = %(version)s AND NOT EXISTS (
        SELECT FROM catalog_embeddingstate AS state
        JOIN catalog_item AS item ON item.id = state.item_id AND item.published
        WHERE state.version_id = passage.version_id AND state.item_id = passage.item_id
    )
"""
MISSING_STATES = """
    FROM catalog_item AS item WHERE item.published AND NOT EXISTS (
        SELECT FROM catalog_embeddingstate AS state WHERE state.version_id = %(version)s AND state.item_id = item.id
    )
"""
# A document without words has no passages.
WITHOUT_PASSAGES = """
    state.version_id = %(version)s AND state.state = 'done' AND state.document_hash <> %(empty)s AND NOT EXISTS (
        SELECT FROM catalog_passage AS passage
        WHERE passage.version_id = state.version_id AND passage.item_id = state.item_id
    )
"""
OF_OTHER_DIMENSIONS = """
    state.version_id = %(version)s AND EXISTS (
        SELECT FROM catalog_passage AS passage WHERE passage.version_id = state.version_id
        AND passage.item_id = state.item_id AND vector_dims(passage.embedding) <> %(dimensions)s
    )
"""
# The hashes are cleared too: an unchanged document or picture would keep its vectors.
EMBED_AGAIN = """
    UPDATE catalog_embeddingstate AS state SET state = 'pending', attempts = 0, token = NULL, leased_until = NULL,
        document_hash = '', picture_hash = '', error = '', updated_at = clock_timestamp() WHERE
"""
# No graph accepts them.
DELETE_OTHER_DIMENSIONS = """
    DELETE FROM catalog_passage WHERE version_id = %(version)s AND vector_dims(embedding) <> %(dimensions)s
"""
# Both ways: what the items hold and the index does not, and the reverse.
KEYWORD_DIFFERENCES = """
    WITH held AS MATERIALIZED (
        SELECT terms.term, item.id, terms.frequency, terms.length, terms.title_terms FROM catalog_item AS item,
            catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms
        WHERE item.published
    ), indexed AS MATERIALIZED (SELECT term, item_id, frequency, length, title_terms FROM catalog_posting)
    SELECT count(DISTINCT id) FROM (
        (SELECT * FROM held EXCEPT SELECT * FROM indexed) UNION ALL (SELECT * FROM indexed EXCEPT SELECT * FROM held)
    ) AS different (term, id)
"""
TERM_COUNT_DIFFERENCES = """
    SELECT count(*) FROM (
        SELECT term, sum(documents) AS documents FROM (
            SELECT term, documents FROM catalog_termcount UNION ALL SELECT term, documents FROM catalog_termdelta
        ) AS counted WHERE term <> '' AND NOT starts_with(term, ' ') GROUP BY term HAVING sum(documents) <> 0
    ) AS counted FULL JOIN (SELECT term, count(*) AS documents FROM catalog_posting GROUP BY term) AS held USING (term)
    WHERE counted.documents IS DISTINCT FROM held.documents
"""
FACTS = """
    SELECT item.id AS item_id, facts.* FROM catalog_item AS item,
        catalog_item_facts(item.category, item.language, item.attributes) AS facts
    WHERE item.published
"""
FACT_DIFFERENCES = f"""
    WITH held AS MATERIALIZED ({FACTS}),
    indexed AS MATERIALIZED (SELECT item_id, name, text, number FROM catalog_fact)
    SELECT count(DISTINCT item_id) FROM (
        (SELECT * FROM held EXCEPT ALL SELECT * FROM indexed)
        UNION ALL (SELECT * FROM indexed EXCEPT ALL SELECT * FROM held)
    ) AS different
"""  # noqa: S608
REBUILD_FACTS = f"""
    LOCK TABLE catalog_item IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM catalog_fact;
    INSERT INTO catalog_fact (item_id, name, text, number) {FACTS};
"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check: a count, and whether that is wrong."""

    subject: str
    what: str
    count: int
    is_wrong: bool
    repair: Callable[[], object] | None = None
    """Repairs it; None if nothing is wrong, or staff have to act."""


def verify_index() -> list[Finding]:
    """Check the versions that are kept and what triggers maintain. Reads all passages and items."""
    return [*_versions(), *(each for version in IndexVersion.objects.kept() for each in _version(version)), *_kept()]


def _versions() -> Iterator[Finding]:
    """Searches read from one version; an empty catalogue may have none yet."""
    active = IndexVersion.objects.filter(state=IndexVersion.State.ACTIVE).count()
    yield Finding(
        subject="index",
        what="active versions",
        count=active,
        is_wrong=active != 1 and Item.objects.published().exists(),
    )


def _version(version: IndexVersion) -> Iterator[Finding]:
    if version.state == IndexVersion.State.LOADING:
        return
    name = f"v{version.pk}"
    missing = [table for table in PARTITIONED if not _exists(f"{table}_v{version.pk}")]
    if missing:
        yield Finding(
            subject=name,
            what="partitions missing",
            count=len(missing),
            is_wrong=True,
            repair=lambda: _make_partitions(version),
        )
        return
    yield Finding(subject=name, what="published items", count=Item.objects.published().count(), is_wrong=False)
    for state, count in EmbeddingState.objects.of(version).counts().items():
        yield Finding(subject=name, what=f"items {state}", count=count, is_wrong=False)
    yield Finding(subject=name, what="passages", count=_count(version, PASSAGES), is_wrong=False)
    yield _broken(version, "items without a ledger row", MISSING_STATES, lambda: add_missing_states(version))
    yield _broken(version, "ledger rows of no item", STRAY_STATES, lambda: _change(version, f"DELETE {STRAY_STATES}"))
    yield _broken(
        version, "orphaned passages", ORPHANED_PASSAGES, lambda: _change(version, f"DELETE {ORPHANED_PASSAGES}")
    )
    states = "FROM catalog_embeddingstate AS state WHERE"
    yield _broken(
        version,
        "items done without passages",
        f"{states} {WITHOUT_PASSAGES}",
        lambda: _change(version, EMBED_AGAIN + WITHOUT_PASSAGES),
    )
    yield _broken(
        version,
        f"items with vectors of other than {version.dimensions} dimensions",
        f"{states} {OF_OTHER_DIMENSIONS}",
        lambda: _change(version, EMBED_AGAIN + OF_OTHER_DIMENSIONS, DELETE_OTHER_DIMENSIONS),
    )
    if not _awaits_graph(version):
        missing = [graph for graph in graphs_of(version) if not _exists(graph, valid_index=True)]
        yield Finding(
            subject=name,
            what="graphs missing",
            count=len(missing),
            is_wrong=bool(missing),
            repair=(lambda: build_hnsw(version)) if missing else None,
        )


def _make_partitions(version: IndexVersion) -> None:
    create_partitions(version.pk)
    add_missing_states(version)


def _awaits_graph(version: IndexVersion) -> bool:
    """Whether a run has yet to build the graph, or failed before it did."""
    return version.state == IndexVersion.State.BUILDING and ReindexRun.objects.filter(version=version).exists()


def _kept() -> Iterator[Finding]:
    """What triggers keep in step with the items."""
    for subject, what, statement, repair in (
        ("keywords", "items whose words are not as indexed", KEYWORD_DIFFERENCES, rebuild_keywords),
        ("keywords", "words counted wrongly", TERM_COUNT_DIFFERENCES, rebuild_keywords),
        ("filters", "items whose values are not as indexed", FACT_DIFFERENCES, _rebuild_facts),
    ):
        with patient_cursor() as cursor:
            cursor.execute(statement)
            count = int(cursor.fetchone()[0])
        yield Finding(subject=subject, what=what, count=count, is_wrong=count > 0, repair=repair if count else None)


def _rebuild_facts() -> None:
    with patient_cursor() as cursor:
        cursor.execute(REBUILD_FACTS)


def _broken(version: IndexVersion, what: str, rows: str, repair: Callable[[], object]) -> Finding:
    """Something of which there should be none."""
    count = _count(version, rows)
    return Finding(
        subject=f"v{version.pk}", what=what, count=count, is_wrong=count > 0, repair=repair if count else None
    )


def _parameters(version: IndexVersion) -> dict[str, int | str]:
    return {"version": version.pk, "dimensions": version.dimensions, "empty": EMPTY_DOCUMENT}


def _count(version: IndexVersion, rows: str) -> int:
    with patient_cursor() as cursor:
        cursor.execute(f"SELECT count(*) {rows}", _parameters(version))
        return int(cursor.fetchone()[0])


def _change(version: IndexVersion, *statements: str) -> None:
    with patient_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, _parameters(version))


def _exists(name: str, *, valid_index: bool = False) -> bool:
    valid = "SELECT FROM pg_index WHERE indexrelid = to_regclass(%s) AND indisvalid"
    with connection.cursor() as cursor:
        cursor.execute(valid if valid_index else "SELECT FROM pg_class WHERE oid = to_regclass(%s)", [name])
        return cursor.fetchone() is not None
