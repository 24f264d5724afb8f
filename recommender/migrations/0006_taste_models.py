import pgvector.django.halfvec
from django.db import migrations, models

PARTITIONED = """
CREATE TABLE recommender_tastevector (
    model_id bigint NOT NULL,
    item_id bigint NOT NULL,
    target halfvec NOT NULL,
    source halfvec NOT NULL,
    PRIMARY KEY (model_id, item_id)
) PARTITION BY LIST (model_id);
"""


class Migration(migrations.Migration):
    dependencies = [("recommender", "0005_vectorcentre_spread")]
    operations = [
        migrations.CreateModel(
            name="TasteModel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "version_id",
                    models.BigIntegerField(help_text="The index version whose vectors are its content part."),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("building", "Building"),
                            ("active", "Active"),
                            ("ready", "available for rollback"),
                            ("refused", "not better, or replaced by rollback"),
                            ("retired", "Retired"),
                        ],
                        default="building",
                        max_length=10,
                    ),
                ),
                ("parameters", models.JSONField(default=dict, help_text="Chosen on held-out interactions.")),
                (
                    "figures",
                    models.JSONField(default=dict, help_text="The figures behind the choice and the promotion."),
                ),
                (
                    "space",
                    models.BinaryField(default=bytes, help_text="Everything in the space except the item vectors."),
                ),
                ("dimensions", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("activated_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "active")), fields=("state",), name="one_active_taste_model"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TasteVector",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "model_id", "item_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("model_id", models.BigIntegerField()),
                ("item_id", models.BigIntegerField()),
                ("target", pgvector.django.halfvec.HalfVectorField()),
                ("source", pgvector.django.halfvec.HalfVectorField()),
            ],
            options={"db_table": "recommender_tastevector", "managed": False},
        ),
        migrations.RunSQL(PARTITIONED, "DROP TABLE recommender_tastevector"),
    ]
