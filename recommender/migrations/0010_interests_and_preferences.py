import uuid

import django.db.models.deletion
import pgvector.django.halfvec
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recommender", "0009_retire_spaces_without_prior"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="userembedding",
            name="length",
            field=models.FloatField(default=1.0, help_text="Of the sum of its items' centred vectors, each weighted."),
        ),
        migrations.AddField(
            model_name="userembedding",
            name="medoid_id",
            field=models.BigIntegerField(help_text="The item that represents it.", null=True),
        ),
        migrations.AddField(
            model_name="userembedding",
            name="name",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AlterField(
            model_name="userembedding",
            name="vector",
            field=pgvector.django.halfvec.HalfVectorField(help_text="Normalised."),
        ),
        migrations.CreateModel(
            name="DeletionReceipt",
            fields=[
                ("visitor", models.UUIDField(null=True)),
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                (
                    "scope",
                    models.CharField(
                        choices=[("history", "the whole history"), ("interest", "an interest")], max_length=10
                    ),
                ),
                ("interactions", models.PositiveIntegerField()),
                ("embeddings", models.PositiveIntegerField()),
                ("cache_entries", models.PositiveIntegerField()),
                ("deleted_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-deleted_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("user__isnull", True), ("visitor__isnull", False)),
                            models.Q(("user__isnull", False), ("visitor__isnull", True)),
                            _connector="OR",
                        ),
                        name="receipt_one_subject",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Preferences",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("visitor", models.UUIDField(null=True)),
                (
                    "opted_out_at",
                    models.DateTimeField(
                        help_text="Since when nothing is recorded or used; null if personalisation is on.", null=True
                    ),
                ),
                (
                    "mutes",
                    models.JSONField(
                        default=list, help_text="Muted interests: the name of each and the items it is based on."
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "preferences",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("user__isnull", True), ("visitor__isnull", False)),
                            models.Q(("user__isnull", False), ("visitor__isnull", True)),
                            _connector="OR",
                        ),
                        name="preferences_one_subject",
                    ),
                    models.UniqueConstraint(fields=("user",), name="one_preferences_user"),
                    models.UniqueConstraint(fields=("visitor",), name="one_preferences_visitor"),
                ],
            },
        ),
    ]
