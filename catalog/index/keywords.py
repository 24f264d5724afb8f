"""Maintenance of the keyword index, which triggers on `Item` write: folding in counts, and rebuilding it."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from django.conf import settings
from django.db import connection, transaction

from catalog.database.statements import patient_cursor

FOLD_BATCH_ROWS = 200_000
#: Key of the advisory lock held by the one process that folds.
FOLD_LOCK = 0x666F6C64


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordSettings:
    """How items become weighted terms: the default language, and the weight of a word in each field."""

    language: str
    title_weight: float
    body_weight: float
    attributes_weight: float


def wanted_settings() -> KeywordSettings:
    """The settings of the environment, in force from the next rebuild on."""
    return KeywordSettings(
        language=settings.DEFAULT_LANGUAGE,
        title_weight=settings.KEYWORD_TITLE_WEIGHT,
        body_weight=settings.KEYWORD_BODY_WEIGHT,
        attributes_weight=settings.KEYWORD_ATTRIBUTES_WEIGHT,
    )


def is_built() -> bool:
    """Whether there is an index; the migrations create it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('catalog_keywordsettings') IS NOT NULL")
        return bool(cursor.fetchone()[0])


def built_settings() -> KeywordSettings:
    """The settings the index was built with."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT language, title_weight, body_weight, attributes_weight FROM catalog_keywordsettings")
        language, title, body, attributes = cursor.fetchone()
    return KeywordSettings(language=language, title_weight=title, body_weight=body, attributes_weight=attributes)


def rebuild_keywords() -> None:
    """Build the keyword index from the items with the settings of the environment, in one transaction.

    Searches use the old index until it is done; items cannot be saved meanwhile.
    """
    with patient_cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = 0")
        cursor.execute(
            "UPDATE catalog_keywordsettings"
            " SET language = %s, title_weight = %s, body_weight = %s, attributes_weight = %s",
            astuple(wanted_settings()),
        )
        cursor.execute("SELECT catalog_rebuild_keywords()")


def fold_term_counts() -> int:
    """Move the appended changes into the term counts and return the number of rows moved.

    Batches keep each transaction far below the statement timeout even after a bulk load. If another process is already
    folding, returns at once.
    """
    folded = 0
    while rows := _fold_batch():
        folded += rows
        if rows < FOLD_BATCH_ROWS:
            break
    return folded


def _fold_batch() -> int:
    statement = """
        WITH taken AS (
            DELETE FROM catalog_termdelta WHERE id IN (SELECT id FROM catalog_termdelta ORDER BY id LIMIT %s)
            RETURNING term, documents, tokens
        ), folded AS (
            INSERT INTO catalog_termcount AS counts (term, documents, tokens)
            SELECT term, sum(documents), sum(tokens) FROM taken GROUP BY term
            ON CONFLICT (term) DO UPDATE
            SET documents = counts.documents + excluded.documents, tokens = counts.tokens + excluded.tokens
        )
        SELECT count(*) FROM taken
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FOLD_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(statement, [FOLD_BATCH_ROWS])
        return int(cursor.fetchone()[0])
