"""Tables the ORM cannot describe: covering keys, partitions by index version, vectors of no fixed dimension."""

from django.db import migrations

# Postings are read by their covering key alone; vacuum often, so that those reads stay index-only.
LEXICAL = """
CREATE TABLE catalog_posting (
    term text COLLATE "C" NOT NULL,
    item_id bigint NOT NULL,
    frequency double precision NOT NULL,
    length double precision NOT NULL,
    PRIMARY KEY (term, item_id) INCLUDE (frequency, length)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
CREATE TABLE catalog_termcount (
    term text COLLATE "C" PRIMARY KEY,
    documents bigint NOT NULL,
    tokens double precision NOT NULL
);
CREATE TABLE catalog_termdelta (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    term text COLLATE "C" NOT NULL,
    documents bigint NOT NULL,
    tokens double precision NOT NULL
);
CREATE INDEX catalog_termdelta_term ON catalog_termdelta (term) INCLUDE (documents, tokens);
"""

PARTITIONED = """
CREATE TABLE catalog_passage (
    version_id bigint NOT NULL,
    item_id bigint NOT NULL,
    ordinal integer NOT NULL,
    span_start integer NOT NULL,
    span_end integer NOT NULL,
    embedding halfvec NOT NULL,
    PRIMARY KEY (version_id, item_id, ordinal)
) PARTITION BY LIST (version_id);
CREATE TABLE catalog_embeddingstate (
    version_id bigint NOT NULL,
    item_id bigint NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    attempts smallint NOT NULL DEFAULT 0,
    token uuid,
    leased_until timestamptz,
    document_hash text NOT NULL DEFAULT '',
    error text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (version_id, item_id),
    CHECK (state IN ('pending', 'leased', 'done', 'failed'))
) PARTITION BY LIST (version_id);
CREATE INDEX catalog_embeddingstate_pending ON catalog_embeddingstate (item_id) WHERE state = 'pending';
CREATE INDEX catalog_embeddingstate_leased ON catalog_embeddingstate (leased_until) WHERE state = 'leased';
CREATE INDEX catalog_embeddingstate_failed ON catalog_embeddingstate (item_id) WHERE state = 'failed';
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_extension_and_terms")]
    operations = [
        migrations.RunSQL(
            LEXICAL, "DROP TABLE catalog_termdelta; DROP TABLE catalog_termcount; DROP TABLE catalog_posting"
        ),
        migrations.RunSQL(PARTITIONED, "DROP TABLE catalog_embeddingstate; DROP TABLE catalog_passage"),
    ]
