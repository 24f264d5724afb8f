"""Read the words of an updated item again only if its texts changed, and once."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0019_published_items_and_titles_in_order"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="item",
            name="index_updated_items",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="item",
            trigger=pgtrigger.compiler.Trigger(
                name="index_updated_items",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    WITH terms AS MATERIALIZED (\n        SELECT item.id, item.language, terms.* FROM (\n    SELECT was.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.title, was.body, was.language, was.published) <> (now.title, now.body, now.language, now.published)\n        OR catalog_attributes_text(was.category, was.attributes)\n            <> catalog_attributes_text(now.category, now.attributes)\n    OFFSET 0\n) item,\n        catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms\n        WHERE item.published\n    ), changed AS (\n    DELETE FROM catalog_posting posting USING terms WHERE posting.term = terms.term AND posting.item_id = terms.id\n)\n    INSERT INTO catalog_termdelta (term, documents, tokens)\n    SELECT term, -count(*), -sum(frequency) FROM terms GROUP BY term\n    UNION ALL\n    SELECT '', -count(DISTINCT id), -sum(frequency) FROM terms HAVING count(*) > 0\n    UNION ALL\n    SELECT ' ' || language, -count(DISTINCT id), 0 FROM terms GROUP BY language;\n\n    WITH terms AS MATERIALIZED (\n        SELECT item.id, item.language, terms.* FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.title, was.body, was.language, was.published) <> (now.title, now.body, now.language, now.published)\n        OR catalog_attributes_text(was.category, was.attributes)\n            <> catalog_attributes_text(now.category, now.attributes)\n    OFFSET 0\n) item,\n        catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms\n        WHERE item.published\n    ), changed AS (\n    INSERT INTO catalog_posting (term, item_id, frequency, length, title_terms)\n    SELECT term, id, frequency, length, title_terms FROM terms\n)\n    INSERT INTO catalog_termdelta (term, documents, tokens)\n    SELECT term, count(*), sum(frequency) FROM terms GROUP BY term\n    UNION ALL\n    SELECT '', count(DISTINCT id), sum(frequency) FROM terms HAVING count(*) > 0\n    UNION ALL\n    SELECT ' ' || language, count(DISTINCT id), 0 FROM terms GROUP BY language;\n\n    INSERT INTO catalog_word (word) SELECT DISTINCT words.word\n    FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.title, was.body, was.language, was.published) <> (now.title, now.body, now.language, now.published)\n        OR catalog_attributes_text(was.category, was.attributes)\n            <> catalog_attributes_text(now.category, now.attributes)\n    OFFSET 0\n) item, catalog_item_words(item.title, item.body, item.category, item.attributes) AS words\n    WHERE item.published AND NOT EXISTS (SELECT FROM catalog_word AS known WHERE known.word = words.word);\nDELETE FROM catalog_fact WHERE item_id IN (SELECT id FROM (\n    SELECT was.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n    OFFSET 0\n) item);\n    INSERT INTO catalog_fact (item_id, name, text, number)\n    SELECT item.id, facts.* FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n    OFFSET 0\n) item,\n        catalog_item_facts(item.category, item.language, item.attributes) AS facts\n    WHERE item.published;\n\n    INSERT INTO catalog_embeddingstate (version_id, item_id)\n    SELECT version.id, item.id FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n    OFFSET 0\n) item\n    CROSS JOIN catalog_indexversion version\n    WHERE item.published AND version.state IN ('building', 'ready', 'active')\n    ON CONFLICT (version_id, item_id) DO UPDATE\n    SET state = 'pending', attempts = 0, token = NULL, leased_until = NULL, error = '', updated_at = clock_timestamp();\n\n    DELETE FROM catalog_embeddingstate WHERE item_id IN (SELECT id FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n    OFFSET 0\n) item WHERE NOT item.published);\n    DELETE FROM catalog_passage WHERE item_id IN (SELECT id FROM (\n    SELECT now.* FROM old_items AS was JOIN new_items AS now USING (id)\n    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)\n    OFFSET 0\n) item WHERE NOT item.published);\nRETURN NULL;",
                    hash="a9fd24630f332ff57fdc19622e60fc5382509a0d",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_index_updated_items_19823",
                    referencing="REFERENCING OLD TABLE AS old_items  NEW TABLE AS new_items ",
                    table="catalog_item",
                    when="AFTER",
                ),
            ),
        ),
    ]
