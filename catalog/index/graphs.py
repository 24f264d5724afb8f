"""The HNSW graph of an index version: what it is built on, and how a search uses it.

Half-precision vectors are stored, whatever the graph holds. A graph of `half` holds them too; one of `binary` holds
their signs, one bit per dimension, and what it finds is reordered by the stored vectors.
"""

from __future__ import annotations

from django.conf import settings

from catalog.models import PICTURE_ORDINAL, IndexVersion

#: Passages read by their signs for each one wanted.
OVERSAMPLING = 4
#: pgvector's own limit.
MOST_DIMENSIONS_OF_HALVES = 4_000


def graphs_of(version: IndexVersion) -> dict[str, str]:
    """The names of a version's graphs, and the condition on the rows in each; empty if it holds all rows.

    Pictures have a graph of their own: for a query in words, texts are nearer than any picture.
    """
    name = f"catalog_passage_v{version.pk}_hnsw"
    if not version.reads_pictures:
        return {name: ""}
    return {name: f"ordinal <> {PICTURE_ORDINAL}", f"{name}_pictures": f"ordinal = {PICTURE_ORDINAL}"}


def passages_of(version: IndexVersion, *, pictures: bool = False) -> str:
    """A condition on the rows of `passage`: a version's text passages, or its pictures."""
    of_version = f"passage.version_id = {int(version.pk)}"
    if not version.reads_pictures:
        return of_version
    return f"{of_version} AND passage.ordinal {'=' if pictures else '<>'} {PICTURE_ORDINAL}"


def graph_key(version: IndexVersion) -> str:
    """The index key with its operator class: a column of varying dimension needs a cast."""
    halves = _halves(version)
    if version.storage == IndexVersion.Storage.BINARY:
        return f"({_signs(version, 'embedding')}) bit_hamming_ops"
    return f"(embedding::{halves}) halfvec_cosine_ops"


def distance_sql(version: IndexVersion) -> str:
    """Cosine distance between a row of `passage` and the query vector, by the stored half-precision vectors."""
    return f"passage.embedding::{_halves(version)} <=> %(vector)s::{_halves(version)}"


def nearest_rows(version: IndexVersion, *, rows: int, within: str = "", pictures: bool = False) -> str:
    """The part of a query from FROM to LIMIT: the `rows` passages nearest by the graph, nearest first.

    With `pictures` only pictures, without it none. `within` is a condition on the rows, with a leading AND. Limits are
    written into the statement: the planner would not use the index for a number it does not know.
    """
    walked = f"catalog_passage AS passage WHERE {passages_of(version, pictures=pictures)} {within} {_gate(version)}"
    distance = distance_sql(version)
    if version.storage == IndexVersion.Storage.HALF:
        return f"FROM {walked} ORDER BY {distance} LIMIT {rows}"
    signs, asked = _signs(version, "passage.embedding"), _signs(version, "%(vector)s")
    looked_at = max(OVERSAMPLING * rows, ef_search(version))
    return f"""
        FROM (
            SELECT passage.* FROM {walked} ORDER BY {signs} <~> {asked} LIMIT {looked_at}
        ) AS passage ORDER BY {distance} LIMIT {rows}
    """  # noqa: S608


def ef_search(version: IndexVersion) -> int:
    """The candidate list size of a search in this graph: the version's own, or the site's until that is measured."""
    return version.ef_search or int(settings.VECTOR_SEARCH["hnsw.ef_search"])


def _gate(version: IndexVersion) -> str:
    """An always-true condition that sets hnsw.ef_search when evaluated; empty for the site's setting.

    Being constant, it is evaluated once, before the first row. See docs/decisions/0014.
    """
    if version.ef_search is None:
        return ""
    return f"AND (SELECT set_config('hnsw.ef_search', '{int(version.ef_search)}', true)) IS NOT NULL"


def _halves(version: IndexVersion) -> str:
    return f"halfvec({int(version.dimensions)})"


def _signs(version: IndexVersion, vector: str) -> str:
    return f"binary_quantize({vector}::{_halves(version)})::bit({int(version.dimensions)})"
