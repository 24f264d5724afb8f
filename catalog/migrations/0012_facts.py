"""Values of items by value, which filters are answered from, in step with the items by triggers."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

# A text as an index can hold it.
FACT_TEXT = """
CREATE FUNCTION catalog_fact_text(input text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN length(input) <= 100 THEN input ELSE md5(input) END
$$
"""
# A list has a fact for each of its values.
ITEM_FACTS = """
CREATE FUNCTION catalog_item_facts(category text, language text, attributes jsonb)
RETURNS TABLE (name text, "text" text, number numeric) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 'category', category, NULL::numeric WHERE category <> ''
    UNION ALL SELECT 'language', language, NULL WHERE language <> ''
    UNION ALL (
        SELECT DISTINCT held.key,
            CASE WHEN jsonb_typeof(value) <> 'number' THEN catalog_fact_text(value #>> '{}') END,
            CASE WHEN jsonb_typeof(value) = 'number' THEN (value #>> '{}')::numeric END
        FROM jsonb_each(CASE WHEN jsonb_typeof(attributes) = 'object' THEN attributes ELSE '{}' END) AS held (key, values)
        CROSS JOIN LATERAL jsonb_path_query(held.values, 'lax $[*] ? (@ != null)') AS value
        WHERE held.key NOT IN ('category', 'language') AND length(held.key) <= 200
    )
$$
"""
# Facts are read by the indexes alone; vacuum often, so that those reads stay index-only. Which values go with which
# names is told to the planner, as each alone says little.
TABLE = """
LOCK TABLE catalog_item IN SHARE ROW EXCLUSIVE MODE;
SET LOCAL statement_timeout = 0;
CREATE TABLE catalog_fact (
    item_id bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    text text COLLATE "C",
    number numeric
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
INSERT INTO catalog_fact (item_id, name, text, number)
SELECT item.id, facts.* FROM catalog_item AS item,
    catalog_item_facts(item.category, item.language, item.attributes) AS facts
WHERE item.published;
CREATE INDEX catalog_fact_item ON catalog_fact (item_id, name);
CREATE INDEX catalog_fact_texts ON catalog_fact (name, text, item_id) WHERE text IS NOT NULL;
CREATE INDEX catalog_fact_numbers ON catalog_fact (name, number, item_id) WHERE number IS NOT NULL;
CREATE STATISTICS catalog_fact_values (dependencies, mcv) ON name, text FROM catalog_fact;
ANALYZE catalog_fact;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0011_query_sets"),
    ]

    operations = [
        migrations.RunSQL(FACT_TEXT, "DROP FUNCTION catalog_fact_text"),
        migrations.RunSQL(ITEM_FACTS, "DROP FUNCTION catalog_item_facts"),
        migrations.RunSQL(TABLE, "DROP TABLE catalog_fact"),
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
                    func="\n    INSERT INTO catalog_embeddingstate (version_id, item_id)\n    SELECT version.id, item.id FROM new_items item\n    CROSS JOIN catalog_indexversion version\n    WHERE item.published AND version.state IN ('building', 'ready', 'active')\n    ON CONFLICT (version_id, item_id) DO UPDATE\n    SET state = 'pending', attempts = 0, token = NULL, leased_until = NULL, error = '', updated_at = clock_timestamp();\n\n    WITH terms AS MATERIALIZED (\n        SELECT item.id, item.language, terms.* FROM new_items item,\n        catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms\n        WHERE item.published\n    ), changed AS (\n    INSERT INTO catalog_posting (term, item_id, frequency, length, title_terms)\n    SELECT term, id, frequency, length, title_terms FROM terms\n)\n    INSERT INTO catalog_termdelta (term, documents, tokens)\n    SELECT term, count(*), sum(frequency) FROM terms GROUP BY term\n    UNION ALL\n    SELECT '', count(DISTINCT id), sum(frequency) FROM terms HAVING count(*) > 0\n    UNION ALL\n    SELECT ' ' || language, count(DISTINCT id), 0 FROM terms GROUP BY language;\n\n    INSERT INTO catalog_word (word) SELECT DISTINCT words.word\n    FROM new_items item, catalog_item_words(item.title, item.body, item.category, item.attributes) AS words\n    WHERE item.published AND NOT EXISTS (SELECT FROM catalog_word AS known WHERE known.word = words.word);\n\n    INSERT INTO catalog_fact (item_id, name, text, number)\n    SELECT item.id, facts.* FROM new_items item,\n        catalog_item_facts(item.category, item.language, item.attributes) AS facts\n    WHERE item.published;\nRETURN NULL;",
                    hash="2443809084a11a34b1e738e0cdffb025c424f67e",
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
                    func="\n    WITH terms AS MATERIALIZED (\n        SELECT item.id, item.language, terms.* FROM (\n    SELECT was.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item,\n        catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms\n        WHERE item.published\n    ), changed AS (\n    DELETE FROM catalog_posting posting USING terms WHERE posting.term = terms.term AND posting.item_id = terms.id\n)\n    INSERT INTO catalog_termdelta (term, documents, tokens)\n    SELECT term, -count(*), -sum(frequency) FROM terms GROUP BY term\n    UNION ALL\n    SELECT '', -count(DISTINCT id), -sum(frequency) FROM terms HAVING count(*) > 0\n    UNION ALL\n    SELECT ' ' || language, -count(DISTINCT id), 0 FROM terms GROUP BY language;\n\n    WITH terms AS MATERIALIZED (\n        SELECT item.id, item.language, terms.* FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item,\n        catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms\n        WHERE item.published\n    ), changed AS (\n    INSERT INTO catalog_posting (term, item_id, frequency, length, title_terms)\n    SELECT term, id, frequency, length, title_terms FROM terms\n)\n    INSERT INTO catalog_termdelta (term, documents, tokens)\n    SELECT term, count(*), sum(frequency) FROM terms GROUP BY term\n    UNION ALL\n    SELECT '', count(DISTINCT id), sum(frequency) FROM terms HAVING count(*) > 0\n    UNION ALL\n    SELECT ' ' || language, count(DISTINCT id), 0 FROM terms GROUP BY language;\n\n    INSERT INTO catalog_word (word) SELECT DISTINCT words.word\n    FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item, catalog_item_words(item.title, item.body, item.category, item.attributes) AS words\n    WHERE item.published AND NOT EXISTS (SELECT FROM catalog_word AS known WHERE known.word = words.word);\nDELETE FROM catalog_fact WHERE item_id IN (SELECT id FROM (\n    SELECT was.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item);\n    INSERT INTO catalog_fact (item_id, name, text, number)\n    SELECT item.id, facts.* FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item,\n        catalog_item_facts(item.category, item.language, item.attributes) AS facts\n    WHERE item.published;\n\n    INSERT INTO catalog_embeddingstate (version_id, item_id)\n    SELECT version.id, item.id FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item\n    CROSS JOIN catalog_indexversion version\n    WHERE item.published AND version.state IN ('building', 'ready', 'active')\n    ON CONFLICT (version_id, item_id) DO UPDATE\n    SET state = 'pending', attempts = 0, token = NULL, leased_until = NULL, error = '', updated_at = clock_timestamp();\n\n    DELETE FROM catalog_embeddingstate WHERE item_id IN (SELECT id FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item WHERE NOT item.published);\n    DELETE FROM catalog_passage WHERE item_id IN (SELECT id FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n) item WHERE NOT item.published);\nRETURN NULL;",
                    hash="dc3096badf360629e7cc57c994becb6a8edbd44d",
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
                    func="\n    WITH terms AS MATERIALIZED (\n        SELECT item.id, item.language, terms.* FROM old_items item,\n        catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms\n        WHERE item.published\n    ), changed AS (\n    DELETE FROM catalog_posting posting USING terms WHERE posting.term = terms.term AND posting.item_id = terms.id\n)\n    INSERT INTO catalog_termdelta (term, documents, tokens)\n    SELECT term, -count(*), -sum(frequency) FROM terms GROUP BY term\n    UNION ALL\n    SELECT '', -count(DISTINCT id), -sum(frequency) FROM terms HAVING count(*) > 0\n    UNION ALL\n    SELECT ' ' || language, -count(DISTINCT id), 0 FROM terms GROUP BY language;\nDELETE FROM catalog_fact WHERE item_id IN (SELECT id FROM old_items item);\n    DELETE FROM catalog_embeddingstate WHERE item_id IN (SELECT id FROM old_items item WHERE true);\n    DELETE FROM catalog_passage WHERE item_id IN (SELECT id FROM old_items item WHERE true);\nRETURN NULL;",
                    hash="7501388e4931c602b081135274148089bf65448c",
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
