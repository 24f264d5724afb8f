"""Texts of items in the form of Unicode that filters and queries are read in (`catalog.unicode.composed`)."""

from django.db import migrations

# No mark composes with a sign that JSON is written with, so its text may be changed as a whole.
ITEMS = """
SET LOCAL statement_timeout = 0;
UPDATE catalog_item SET
    title = normalize(title, NFC),
    body = normalize(body, NFC),
    category = normalize(category, NFC),
    attributes = normalize(attributes::text, NFC)::jsonb
WHERE NOT (
    title IS NFC NORMALIZED AND body IS NFC NORMALIZED AND category IS NFC NORMALIZED
    AND attributes::text IS NFC NORMALIZED
)
"""
# Of two names that become one the composed one stays, or else the one that was declared first.
ATTRIBUTES = """
DELETE FROM catalog_attribute AS other USING catalog_attribute AS kept
WHERE normalize(other.name, NFC) = normalize(kept.name, NFC) AND other.id <> kept.id
    AND other.name IS NOT NFC NORMALIZED AND (kept.name IS NFC NORMALIZED OR kept.id < other.id);
UPDATE catalog_attribute SET name = normalize(name, NFC) WHERE name IS NOT NFC NORMALIZED
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0015_searched_exactly"),
    ]

    operations = [
        migrations.RunSQL(ITEMS, migrations.RunSQL.noop),
        migrations.RunSQL(ATTRIBUTES, migrations.RunSQL.noop),
    ]
