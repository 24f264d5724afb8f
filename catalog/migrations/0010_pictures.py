"""The ledger's part for pictures, samples of vectors, and paths as the addresses of pictures."""

import django.db.models.deletion
from django.db import migrations, models

import catalog.pictures.addresses

LEDGER = """
ALTER TABLE catalog_embeddingstate
    ADD COLUMN picture_hash text NOT NULL DEFAULT '',
    ADD COLUMN picture_error text NOT NULL DEFAULT '',
    ADD COLUMN picture_attempts smallint NOT NULL DEFAULT 0,
    ADD COLUMN picture_retry_at timestamptz;
CREATE INDEX catalog_embeddingstate_retry ON catalog_embeddingstate (picture_retry_at)
    WHERE picture_retry_at IS NOT NULL;
CREATE INDEX catalog_embeddingstate_unseen ON catalog_embeddingstate (item_id) WHERE picture_error <> '';
"""
NO_LEDGER = """
ALTER TABLE catalog_embeddingstate
    DROP COLUMN picture_hash, DROP COLUMN picture_error, DROP COLUMN picture_attempts, DROP COLUMN picture_retry_at;
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0009_encoder_jobs")]
    operations = [
        migrations.RunSQL(LEDGER, NO_LEDGER),
        migrations.CreateModel(
            name="VectorSample",
            fields=[
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="sample",
                        serialize=False,
                        to="catalog.indexversion",
                    ),
                ),
                ("texts", models.BinaryField(default=b"")),
                ("pictures", models.BinaryField(default=b"")),
                (
                    "passages",
                    models.PositiveBigIntegerField(default=0, help_text="Number of vectors when it was drawn."),
                ),
            ],
        ),
        migrations.AlterField(
            model_name="item",
            name="image",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The URL of its picture, or a path under PICTURE_ROOT.",
                max_length=1000,
                validators=[catalog.pictures.addresses.check_picture_address],
            ),
        ),
    ]
