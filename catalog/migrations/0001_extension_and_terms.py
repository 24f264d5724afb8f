"""The vector extension, and the SQL functions that turn an item into weighted terms."""

from django.db import migrations
from pgvector.django import VectorExtension

# Lower case, accents taken off, and the signs that would make the parser see a path, host, e-mail or tag, such as a
# script whose end it never finds, made spaces. Chinese and Japanese are written without spaces: each of their characters
# becomes a word, so that any part of a text is found.
FOLD = r"""
CREATE FUNCTION catalog_fold(input text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(regexp_replace(
        regexp_replace(normalize(lower(input), NFKD), '[\u0300-\u036f]', '', 'g'),
        '[/@_\\<>]|\.(?=[[:alpha:]])', ' ', 'g'
    ), '[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]', ' \& ', 'g')
$$
"""

# Stems and stop words of one configuration for the whole catalogue; a deployment may alter its dictionaries.
CONFIGURATION = "CREATE TEXT SEARCH CONFIGURATION catalog_text (COPY = pg_catalog.english)"

QUERY_TERMS = """
CREATE FUNCTION catalog_query_terms(query text) RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT tsvector_to_array(to_tsvector('catalog_text', catalog_fold(query)))
$$
"""

# The words of a text that is nothing but stop words, such as the title "It".
STOP_WORDS = """
CREATE FUNCTION catalog_stop_words(input text) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN to_tsvector('catalog_text', catalog_fold(input)) = ''
        THEN to_tsvector('simple', catalog_fold(input)) ELSE '' END
$$
"""

# A title term counts twice (BM25F with one length). The body is cut where a tsvector could grow past its limit.
ITEM_TERMS = """
CREATE FUNCTION catalog_item_terms(title text, body text, category text, attributes jsonb)
RETURNS TABLE (term text, frequency double precision, length double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH document AS (
        SELECT setweight(to_tsvector('catalog_text', catalog_fold(left(title, 10000))), 'A')
            || setweight(catalog_stop_words(left(title, 10000)), 'A')
            || to_tsvector('catalog_text', catalog_fold(left(body, 200000)))
            || to_tsvector('catalog_text', catalog_fold(category || ' ' || left(coalesce((
                SELECT string_agg(value #>> '{}', ' . ')
                FROM jsonb_path_query(attributes, 'strict $.** ? (@.type() == "string")') AS value
            ), ''), 50000))) AS vector
    ), terms AS (
        SELECT lexeme, sum(CASE weight WHEN 'A' THEN 2 ELSE 1 END)::double precision AS frequency
        FROM document, unnest(vector) AS entry(lexeme, positions, weights), unnest(weights) AS weight
        GROUP BY lexeme
    )
    SELECT lexeme COLLATE "C", frequency, sum(frequency) OVER () FROM terms
$$
"""


class Migration(migrations.Migration):
    initial = True
    operations = [
        VectorExtension(),
        migrations.RunSQL(FOLD, "DROP FUNCTION catalog_fold"),
        migrations.RunSQL(CONFIGURATION, "DROP TEXT SEARCH CONFIGURATION catalog_text"),
        migrations.RunSQL(QUERY_TERMS, "DROP FUNCTION catalog_query_terms"),
        migrations.RunSQL(STOP_WORDS, "DROP FUNCTION catalog_stop_words"),
        migrations.RunSQL(ITEM_TERMS, "DROP FUNCTION catalog_item_terms"),
    ]
