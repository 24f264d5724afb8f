"""Rebuild the keyword index beside the one that searches read, which is replaced in the last moment."""

from django.db import migrations

# Everything that takes long happens before a lock that searches would wait for. The counts are replaced by DELETE, since
# TRUNCATE takes such a lock; holding the lock of whoever folds changes in keeps the rows to be deleted as they are.
REBUILD = """
CREATE OR REPLACE FUNCTION catalog_rebuild_keywords() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE catalog_item IN SHARE ROW EXCLUSIVE MODE;
    CREATE TABLE catalog_posting_next (
        term text COLLATE "C" NOT NULL,
        item_id bigint NOT NULL,
        frequency real NOT NULL,
        length real NOT NULL,
        title_terms smallint NOT NULL
    ) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
    INSERT INTO catalog_posting_next (term, item_id, frequency, length, title_terms)
    SELECT terms.term, item.id, terms.frequency, terms.length, terms.title_terms
    FROM catalog_item AS item,
        catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms
    WHERE item.published;
    ALTER TABLE catalog_posting_next
        ADD CONSTRAINT catalog_posting_next_pkey
            PRIMARY KEY (term, item_id) INCLUDE (frequency, length, title_terms);
    CREATE INDEX catalog_posting_next_heaviest
        ON catalog_posting_next (term, (frequency / (frequency + length / 100)) DESC)
        INCLUDE (item_id, frequency, length, title_terms) WHERE title_terms > 0 OR frequency > 1;
    ANALYZE catalog_posting_next;
    CREATE TABLE catalog_word_next AS
    SELECT DISTINCT words.word FROM catalog_item AS item,
        catalog_item_words(item.title, item.body, item.category, item.attributes) AS words
    WHERE item.published;
    CREATE INDEX catalog_word_next_beginning ON catalog_word_next (word);
    CREATE INDEX catalog_word_next_ending ON catalog_word_next (reverse(word));
    ANALYZE catalog_word_next;
    CREATE TEMPORARY TABLE catalog_termcount_next ON COMMIT DROP AS
    WITH held AS MATERIALIZED (SELECT item_id, sum(frequency) AS tokens FROM catalog_posting_next GROUP BY item_id)
    SELECT term, count(*) AS documents, sum(frequency) AS tokens FROM catalog_posting_next GROUP BY term
    UNION ALL SELECT '', count(*), sum(tokens) FROM held HAVING count(*) > 0
    UNION ALL SELECT ' ' || item.language, count(*), 0 FROM held JOIN catalog_item AS item ON item.id = held.item_id
        GROUP BY item.language;

    PERFORM pg_advisory_xact_lock(x'666F6C64'::bigint);
    DELETE FROM catalog_termdelta;
    DELETE FROM catalog_termcount;
    INSERT INTO catalog_termcount (term, documents, tokens) SELECT term, documents, tokens FROM catalog_termcount_next;
    DROP TABLE catalog_termcount_next;

    DROP TABLE IF EXISTS catalog_posting, catalog_word;
    ALTER TABLE catalog_posting_next RENAME TO catalog_posting;
    ALTER INDEX catalog_posting_next_pkey RENAME TO catalog_posting_pkey;
    ALTER INDEX catalog_posting_next_heaviest RENAME TO catalog_posting_heaviest;
    ALTER TABLE catalog_word_next RENAME TO catalog_word;
    ALTER INDEX catalog_word_next_beginning RENAME TO catalog_word_beginning;
    ALTER INDEX catalog_word_next_ending RENAME TO catalog_word_ending;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0017_cutoff_passages")]
    operations = [migrations.RunSQL(REBUILD, migrations.RunSQL.noop)]
