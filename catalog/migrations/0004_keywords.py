"""Keywords in the item's own language: stems by language, bigrams, fields with weights, and a list of words as written."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

CJK = r"\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"

# Text as the parser should read it. Lower case, compatible forms made one, and the signs that would make the parser see
# a path, host, e-mail, tag or compound made spaces. Chinese, Japanese and Korean are cut into overlapping pairs: once
# from the first character of each run, once from the second, which leaves the last character as a word of its own.
PREPARE = rf"""
CREATE FUNCTION catalog_prepare(input text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(spaced) > length(spaced) AND spaced ~ '[{CJK}]' THEN
        regexp_replace(spaced, '[{CJK}]{{1,2}}', ' \& ', 'g')
        || regexp_replace(
            regexp_replace(regexp_replace(spaced, '[^{CJK}]+', ' ', 'g'), '(^|\s)[{CJK}]', ' ', 'g'),
            '[{CJK}]{{1,2}}', ' \& ', 'g')
        ELSE spaced END
    FROM (SELECT regexp_replace(
        normalize(lower(input), NFKC), '[/@_\\<>\u2010-\u2015-]|\.(?=[[:alpha:]])', ' ', 'g'
    ) AS spaced) AS text
$$
"""  # noqa: S608
# A text of one byte a character is ASCII and has none.
UNACCENT = r"""
CREATE FUNCTION catalog_unaccent(input text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(input) = length(input) THEN input
        ELSE normalize(regexp_replace(normalize(input, NFKD), '[\u0300-\u036f]', '', 'g'), NFC) END
$$
"""
# Languages with a Snowball stemmer, by ISO 639-1 code. Others are indexed as written.
LANGUAGES = {
    "ar": "arabic",
    "hy": "armenian",
    "eu": "basque",
    "ca": "catalan",
    "da": "danish",
    "nl": "dutch",
    "en": "english",
    "et": "estonian",
    "fi": "finnish",
    "fr": "french",
    "de": "german",
    "el": "greek",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "ga": "irish",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "no": "norwegian",
    "nb": "norwegian",
    "nn": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "es": "spanish",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
CONFIGURATION = """
CREATE FUNCTION catalog_configuration(language text) RETURNS regconfig LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE substring(lower(language) FROM '^[a-z]+')
        {cases}
        ELSE 'pg_catalog.simple'::regconfig END
$$
""".format(cases=" ".join(f"WHEN '{code}' THEN 'pg_catalog.{name}'::regconfig" for code, name in LANGUAGES.items()))  # noqa: S608

# What the keyword index was built with; `manage.py rebuild_keywords` brings it in line with the settings.
SETTINGS = """
CREATE TABLE catalog_keywordsettings (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    language text NOT NULL DEFAULT 'en',
    title_weight real NOT NULL DEFAULT 2,
    body_weight real NOT NULL DEFAULT 1,
    attributes_weight real NOT NULL DEFAULT 1
);
INSERT INTO catalog_keywordsettings DEFAULT VALUES;
"""

# The stems of a text without accents. Stems come first: endings of French or Turkish are told by their accents.
STEMS = """
CREATE FUNCTION catalog_stems(input text, language text) RETURNS TABLE (term text, occurrences integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT catalog_unaccent(lexeme) COLLATE "C", cardinality(positions)
    FROM unnest(to_tsvector(catalog_configuration(language), catalog_prepare(input)))
$$
"""
# The same, but of a text that is nothing but stop words, such as the title "It", the words themselves.
TITLE_STEMS = """
CREATE FUNCTION catalog_title_stems(input text, language text) RETURNS TABLE (term text, occurrences integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH stems AS MATERIALIZED (SELECT * FROM catalog_stems(input, language))
    SELECT * FROM stems
    UNION ALL SELECT * FROM catalog_stems(input, 'simple') WHERE NOT EXISTS (SELECT FROM stems)
$$
"""
ATTRIBUTES_TEXT = """
CREATE FUNCTION catalog_attributes_text(category text, attributes jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT category || ' . ' || left(coalesce((
        SELECT string_agg(value #>> '{}', ' . ')
        FROM jsonb_path_query(attributes, 'strict $.** ? (@.type() == "string")') AS value
    ), ''), 50000)
$$
"""
# BM25F with one length: occurrences are weighted by their field before they are counted. The body is cut where a tsvector
# could grow past its limit. `title_terms` counts the different terms of the title, for those terms that are in it.
ITEM_TERMS = """
CREATE FUNCTION catalog_item_terms(title text, body text, category text, attributes jsonb, language text)
RETURNS TABLE (term text, frequency real, length real, title_terms smallint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH settings AS MATERIALIZED (
        SELECT title_weight, body_weight, attributes_weight,
            coalesce(nullif(catalog_item_terms.language, ''), settings.language) AS language
        FROM catalog_keywordsettings AS settings
    ), occurrence AS (
        SELECT stem.term, stem.occurrences * title_weight AS frequency, true AS in_title
        FROM settings, catalog_title_stems(left(title, 10000), settings.language) AS stem WHERE title_weight > 0
        UNION ALL
        SELECT stem.term, stem.occurrences * body_weight, false
        FROM settings, catalog_stems(left(body, 200000), settings.language) AS stem WHERE body_weight > 0
        UNION ALL
        SELECT stem.term, stem.occurrences * attributes_weight, false
        FROM settings, catalog_stems(catalog_attributes_text(category, attributes), settings.language) AS stem
        WHERE attributes_weight > 0
    ), counted AS (
        SELECT occurrence.term, sum(occurrence.frequency)::real AS frequency, bool_or(in_title) AS in_title
        FROM occurrence GROUP BY occurrence.term
    )
    SELECT counted.term, counted.frequency, sum(counted.frequency) OVER (),
        CASE WHEN in_title THEN count(*) FILTER (WHERE in_title) OVER () ELSE 0 END::smallint
    FROM counted
$$
"""
ITEM_WORDS = """
CREATE FUNCTION catalog_item_words(title text, body text, category text, attributes jsonb)
RETURNS TABLE (word text) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT catalog_unaccent(lexeme) COLLATE "C" FROM unnest(to_tsvector('simple', catalog_prepare(
        left(title, 10000) || ' . ' || left(body, 200000) || ' . ' || catalog_attributes_text(category, attributes)
    ))) WHERE lexeme ~ '^[[:alpha:]]{3,30}$'
$$
"""

# Makes the tables of the keyword index from the items: the first time, and whenever settings or functions changed.
# Postings are read by their covering key alone; vacuum often, so that those reads stay index-only. For words that are
# in very many items, those that hold the word in the title or repeat it can be read from the heaviest on.
REBUILD = """
CREATE FUNCTION catalog_rebuild_keywords() RETURNS void LANGUAGE plpgsql AS $$
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
    CREATE TABLE catalog_word_next AS
    SELECT DISTINCT words.word FROM catalog_item AS item,
        catalog_item_words(item.title, item.body, item.category, item.attributes) AS words
    WHERE item.published;
    CREATE INDEX catalog_word_next_beginning ON catalog_word_next (word);
    CREATE INDEX catalog_word_next_ending ON catalog_word_next (reverse(word));

    DROP TABLE IF EXISTS catalog_posting, catalog_word;
    ALTER TABLE catalog_posting_next RENAME TO catalog_posting;
    ALTER INDEX catalog_posting_next_pkey RENAME TO catalog_posting_pkey;
    ALTER INDEX catalog_posting_next_heaviest RENAME TO catalog_posting_heaviest;
    ALTER TABLE catalog_word_next RENAME TO catalog_word;
    ALTER INDEX catalog_word_next_beginning RENAME TO catalog_word_beginning;
    ALTER INDEX catalog_word_next_ending RENAME TO catalog_word_ending;
    TRUNCATE catalog_termcount, catalog_termdelta;
    INSERT INTO catalog_termcount (term, documents, tokens)
    SELECT term, count(*), sum(frequency) FROM catalog_posting GROUP BY term
    UNION ALL SELECT '', count(DISTINCT item_id), sum(frequency) FROM catalog_posting HAVING count(*) > 0
    UNION ALL SELECT ' ' || language, count(*), 0 FROM catalog_item AS item
        WHERE published AND EXISTS (
            SELECT FROM catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language)
        ) GROUP BY language;
    ANALYZE catalog_posting;
END
$$
"""
TABLES_BEFORE = """
DROP TABLE catalog_word, catalog_posting;
CREATE TABLE catalog_posting (
    term text COLLATE "C" NOT NULL,
    item_id bigint NOT NULL,
    frequency double precision NOT NULL,
    length double precision NOT NULL,
    PRIMARY KEY (term, item_id) INCLUDE (frequency, length)
);
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_models")]
    operations = [
        migrations.RunSQL(PREPARE, "DROP FUNCTION catalog_prepare"),
        migrations.RunSQL(UNACCENT, "DROP FUNCTION catalog_unaccent"),
        migrations.RunSQL(CONFIGURATION, "DROP FUNCTION catalog_configuration"),
        migrations.RunSQL(SETTINGS, "DROP TABLE catalog_keywordsettings"),
        migrations.RunSQL(STEMS, "DROP FUNCTION catalog_stems"),
        migrations.RunSQL(TITLE_STEMS, "DROP FUNCTION catalog_title_stems"),
        migrations.RunSQL(ATTRIBUTES_TEXT, "DROP FUNCTION catalog_attributes_text"),
        migrations.RunSQL(ITEM_TERMS, "DROP FUNCTION catalog_item_terms(text, text, text, jsonb, text)"),
        migrations.RunSQL(ITEM_WORDS, "DROP FUNCTION catalog_item_words"),
        migrations.RunSQL(REBUILD, "DROP FUNCTION catalog_rebuild_keywords"),
        migrations.RunSQL("SET LOCAL statement_timeout = 0; SELECT catalog_rebuild_keywords()", TABLES_BEFORE),
        pgtrigger.migrations.RemoveTrigger(
            model_name="item",
            name="index_inserted_items",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="item",
            name="index_updated_items",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="item",
            name="forget_deleted_items",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="item",
            trigger=pgtrigger.compiler.Trigger(
                name="index_inserted_items",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    INSERT INTO catalog_embeddingstate (version_id, item_id)\n    SELECT version.id, item.id FROM new_items item\n    CROSS JOIN catalog_indexversion version\n    WHERE item.published AND version.state IN ('building', 'ready', 'active')\n    ON CONFLICT (version_id, item_id) DO UPDATE\n    SET state = 'pending', attempts = 0, token = NULL, leased_until = NULL, error = '', updated_at = clock_timestamp();\n\n    WITH terms AS MATERIALIZED (\n        SELECT item.id, item.language, terms.* FROM new_items item,\n        catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms\n        WHERE item.published\n    ), changed AS (\n    INSERT INTO catalog_posting (term, item_id, frequency, length, title_terms)\n    SELECT term, id, frequency, length, title_terms FROM terms\n)\n    INSERT INTO catalog_termdelta (term, documents, tokens)\n    SELECT term, count(*), sum(frequency) FROM terms GROUP BY term\n    UNION ALL\n    SELECT '', count(DISTINCT id), sum(frequency) FROM terms HAVING count(*) > 0\n    UNION ALL\n    SELECT ' ' || language, count(DISTINCT id), 0 FROM terms GROUP BY language;\n\n    INSERT INTO catalog_word (word) SELECT DISTINCT words.word\n    FROM new_items item, catalog_item_words(item.title, item.body, item.category, item.attributes) AS words\n    WHERE item.published AND NOT EXISTS (SELECT FROM catalog_word AS known WHERE known.word = words.word);\nRETURN NULL;",
                    hash="956b58d09b844006d143a2f9ca788bd4b292109d",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_index_inserted_items_a1650",
                    referencing="REFERENCING NEW TABLE AS new_items ",
                    table="catalog_item",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="item",
            trigger=pgtrigger.compiler.Trigger(
                name="index_updated_items",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    WITH terms AS MATERIALIZED (\n        SELECT item.id, item.language, terms.* FROM (\n    SELECT was.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item,\n        catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms\n        WHERE item.published\n    ), changed AS (\n    DELETE FROM catalog_posting posting USING terms WHERE posting.term = terms.term AND posting.item_id = terms.id\n)\n    INSERT INTO catalog_termdelta (term, documents, tokens)\n    SELECT term, -count(*), -sum(frequency) FROM terms GROUP BY term\n    UNION ALL\n    SELECT '', -count(DISTINCT id), -sum(frequency) FROM terms HAVING count(*) > 0\n    UNION ALL\n    SELECT ' ' || language, -count(DISTINCT id), 0 FROM terms GROUP BY language;\n\n    WITH terms AS MATERIALIZED (\n        SELECT item.id, item.language, terms.* FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item,\n        catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms\n        WHERE item.published\n    ), changed AS (\n    INSERT INTO catalog_posting (term, item_id, frequency, length, title_terms)\n    SELECT term, id, frequency, length, title_terms FROM terms\n)\n    INSERT INTO catalog_termdelta (term, documents, tokens)\n    SELECT term, count(*), sum(frequency) FROM terms GROUP BY term\n    UNION ALL\n    SELECT '', count(DISTINCT id), sum(frequency) FROM terms HAVING count(*) > 0\n    UNION ALL\n    SELECT ' ' || language, count(DISTINCT id), 0 FROM terms GROUP BY language;\n\n    INSERT INTO catalog_word (word) SELECT DISTINCT words.word\n    FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item, catalog_item_words(item.title, item.body, item.category, item.attributes) AS words\n    WHERE item.published AND NOT EXISTS (SELECT FROM catalog_word AS known WHERE known.word = words.word);\n\n    INSERT INTO catalog_embeddingstate (version_id, item_id)\n    SELECT version.id, item.id FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item\n    CROSS JOIN catalog_indexversion version\n    WHERE item.published AND version.state IN ('building', 'ready', 'active')\n    ON CONFLICT (version_id, item_id) DO UPDATE\n    SET state = 'pending', attempts = 0, token = NULL, leased_until = NULL, error = '', updated_at = clock_timestamp();\n\n    DELETE FROM catalog_embeddingstate WHERE item_id IN (SELECT id FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item WHERE NOT item.published);\n    DELETE FROM catalog_passage WHERE item_id IN (SELECT id FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item WHERE NOT item.published);\nRETURN NULL;",
                    hash="d36531043f4ecba75ef94be43b16089747f023ea",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_index_updated_items_19823",
                    referencing="REFERENCING OLD TABLE AS old_items  NEW TABLE AS new_items ",
                    table="catalog_item",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="item",
            trigger=pgtrigger.compiler.Trigger(
                name="forget_deleted_items",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    WITH terms AS MATERIALIZED (\n        SELECT item.id, item.language, terms.* FROM old_items item,\n        catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms\n        WHERE item.published\n    ), changed AS (\n    DELETE FROM catalog_posting posting USING terms WHERE posting.term = terms.term AND posting.item_id = terms.id\n)\n    INSERT INTO catalog_termdelta (term, documents, tokens)\n    SELECT term, -count(*), -sum(frequency) FROM terms GROUP BY term\n    UNION ALL\n    SELECT '', -count(DISTINCT id), -sum(frequency) FROM terms HAVING count(*) > 0\n    UNION ALL\n    SELECT ' ' || language, -count(DISTINCT id), 0 FROM terms GROUP BY language;\n\n    DELETE FROM catalog_embeddingstate WHERE item_id IN (SELECT id FROM old_items item WHERE true);\n    DELETE FROM catalog_passage WHERE item_id IN (SELECT id FROM old_items item WHERE true);\nRETURN NULL;",
                    hash="b13e6c39dd989ca81e0cb945867894af6ed228c6",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_forget_deleted_items_694b1",
                    referencing="REFERENCING OLD TABLE AS old_items ",
                    table="catalog_item",
                    when="AFTER",
                ),
            ),
        ),
    ]
