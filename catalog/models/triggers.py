"""The statement triggers on `Item` that update the ledger, the keyword index and the facts in the same transaction.

They run once per statement over transition tables, so a bulk load of a thousand rows costs one pass.
"""

from __future__ import annotations

import pgtrigger

MARK_PENDING = """
    INSERT INTO catalog_embeddingstate (version_id, item_id)
    SELECT version.id, item.id FROM {items} item
    CROSS JOIN catalog_indexversion version
    WHERE item.published AND version.state IN ('building', 'ready', 'active')
    ON CONFLICT (version_id, item_id) DO UPDATE
    SET state = 'pending', attempts = 0, token = NULL, leased_until = NULL, error = '', updated_at = clock_timestamp();
"""

FORGET_VECTORS = """
    DELETE FROM catalog_embeddingstate WHERE item_id IN (SELECT id FROM {items} item WHERE {condition});
    DELETE FROM catalog_passage WHERE item_id IN (SELECT id FROM {items} item WHERE {condition});
"""

# Terms come from the row itself, old or new, so no index by item is needed. Each statement appends one delta per term,
# one under the empty term for the items as a whole, and one per language.
CHANGE_TERMS = """
    WITH terms AS MATERIALIZED (
        SELECT item.id, item.language, terms.* FROM {items} item,
        catalog_item_terms(item.title, item.body, item.category, item.attributes, item.language) AS terms
        WHERE item.published
    ), changed AS ({change})
    INSERT INTO catalog_termdelta (term, documents, tokens)
    SELECT term, {sign}count(*), {sign}sum(frequency) FROM terms GROUP BY term
    UNION ALL
    SELECT '', {sign}count(DISTINCT id), {sign}sum(frequency) FROM terms HAVING count(*) > 0
    UNION ALL
    SELECT ' ' || language, {sign}count(DISTINCT id), 0 FROM terms GROUP BY language;
"""
INSERT_POSTINGS = """
    INSERT INTO catalog_posting (term, item_id, frequency, length, title_terms)
    SELECT term, id, frequency, length, title_terms FROM terms
"""
DELETE_POSTINGS = """
    DELETE FROM catalog_posting posting USING terms WHERE posting.term = terms.term AND posting.item_id = terms.id
"""
# Words are only ever added: the count of a word's stem says whether it is still in use.
ADD_WORDS = """
    INSERT INTO catalog_word (word) SELECT DISTINCT words.word
    FROM {items} item, catalog_item_words(item.title, item.body, item.category, item.attributes) AS words
    WHERE item.published AND NOT EXISTS (SELECT FROM catalog_word AS known WHERE known.word = words.word);
"""
ADD_FACTS = """
    INSERT INTO catalog_fact (item_id, name, text, number)
    SELECT item.id, facts.* FROM {items} item,
        catalog_item_facts(item.category, item.language, item.attributes) AS facts
    WHERE item.published;
"""
FORGET_FACTS = "DELETE FROM catalog_fact WHERE item_id IN (SELECT id FROM {items} item);"


def _add_terms(items: str) -> str:
    return CHANGE_TERMS.format(items=items, change=INSERT_POSTINGS, sign="") + ADD_WORDS.format(items=items)


def _remove_terms(items: str) -> str:
    return CHANGE_TERMS.format(items=items, change=DELETE_POSTINGS, sign="-")


# The rows (old or new) of an update that changed what is embedded or indexed. OFFSET 0 keeps the planner from reading
# the words and facts of rows before it has compared them.
CHANGED = """(
    SELECT {rows}.* FROM old_items AS was JOIN new_items AS now USING (id)
    WHERE (was.content_hash, was.published) IS DISTINCT FROM (now.content_hash, now.published)
    OFFSET 0
)"""
OLD_ROWS = CHANGED.format(rows="was")
NEW_ROWS = CHANGED.format(rows="now")
# Those among them whose words may have changed. A new price or stock leaves these as they are, and reading them takes
# most of an update's time.
REWORDED = """(
    SELECT {rows}.* FROM old_items AS was JOIN new_items AS now USING (id)
    WHERE (was.title, was.body, was.language, was.published) <> (now.title, now.body, now.language, now.published)
        OR catalog_attributes_text(was.category, was.attributes)
            <> catalog_attributes_text(now.category, now.attributes)
    OFFSET 0
)"""

ITEM_TRIGGERS = [
    pgtrigger.Trigger(
        name="index_inserted_items",
        level=pgtrigger.Statement,
        operation=pgtrigger.Insert,
        when=pgtrigger.After,
        referencing=pgtrigger.Referencing(new="new_items"),
        func=MARK_PENDING.format(items="new_items")
        + _add_terms("new_items")
        + ADD_FACTS.format(items="new_items")
        + "RETURN NULL;",
    ),
    pgtrigger.Trigger(
        name="index_updated_items",
        level=pgtrigger.Statement,
        operation=pgtrigger.Update,
        when=pgtrigger.After,
        referencing=pgtrigger.Referencing(old="old_items", new="new_items"),
        func=_remove_terms(REWORDED.format(rows="was"))
        + _add_terms(REWORDED.format(rows="now"))
        + FORGET_FACTS.format(items=OLD_ROWS)
        + ADD_FACTS.format(items=NEW_ROWS)
        + MARK_PENDING.format(items=NEW_ROWS)
        + FORGET_VECTORS.format(items=NEW_ROWS, condition="NOT item.published")
        + "RETURN NULL;",
    ),
    pgtrigger.Trigger(
        name="forget_deleted_items",
        level=pgtrigger.Statement,
        operation=pgtrigger.Delete,
        when=pgtrigger.After,
        referencing=pgtrigger.Referencing(old="old_items"),
        func=_remove_terms("old_items")
        + FORGET_FACTS.format(items="old_items")
        + FORGET_VECTORS.format(items="old_items", condition="true")
        + "RETURN NULL;",
    ),
]
