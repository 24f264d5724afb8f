import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

STATES = [
    ("waiting", "Waiting"),
    ("running", "Running"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
]
KINDS = [
    ("one", "One setting"),
    ("sweep", "Ratio sweep"),
    ("versions", "Two versions"),
    ("reranking", "With reranking and without"),
]
# What was judged before there were sets becomes one; of texts that differ in case alone the highest grade stays.
INTO_A_SET = """
    UPDATE catalog_judgement SET grade = least(3, greatest(0, round(grade)));
    INSERT INTO catalog_judgedset (name, created_at)
        SELECT 'Judgements', now() WHERE EXISTS (SELECT FROM catalog_judgement);
    INSERT INTO catalog_judgedquery (judged_set_id, text)
        SELECT catalog_judgedset.id, min(catalog_judgement.text) FROM catalog_judgedset, catalog_judgement
        GROUP BY catalog_judgedset.id, lower(catalog_judgement.text);
    UPDATE catalog_judgement SET query_id = catalog_judgedquery.id
        FROM catalog_judgedquery WHERE lower(catalog_judgedquery.text) = lower(catalog_judgement.text);
    DELETE FROM catalog_judgement AS lower USING catalog_judgement AS higher
        WHERE lower.query_id = higher.query_id AND lower.item_id = higher.item_id
            AND (lower.grade, lower.id) < (higher.grade, higher.id);
    SET CONSTRAINTS ALL IMMEDIATE;
"""
OUT_OF_SETS = """
    UPDATE catalog_judgement SET text = catalog_judgedquery.text
        FROM catalog_judgedquery WHERE catalog_judgedquery.id = catalog_judgement.query_id;
    DELETE FROM catalog_judgement AS older USING catalog_judgement AS newer
        WHERE older.text = newer.text AND older.item_id = newer.item_id AND older.id < newer.id;
    SET CONSTRAINTS ALL IMMEDIATE;
"""


def user_key() -> models.ForeignKey:
    return models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)


def id_field() -> models.BigAutoField:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0010_pictures"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="JudgedSet",
            fields=[
                ("id", id_field()),
                ("name", models.CharField(max_length=100, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("created_by", user_key()),
            ],
            options={"ordering": ["name"]},
        ),
        migrations.CreateModel(
            name="JudgedQuery",
            fields=[
                ("id", id_field()),
                ("text", models.CharField(max_length=200)),
                (
                    "judged_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="queries", to="catalog.judgedset"
                    ),
                ),
            ],
            options={"ordering": ["id"], "verbose_name_plural": "judged queries"},
        ),
        migrations.AddConstraint(
            model_name="judgedquery",
            constraint=models.UniqueConstraint(
                models.F("judged_set"), django.db.models.functions.text.Lower("text"), name="one_query_text"
            ),
        ),
        migrations.RemoveConstraint(model_name="judgement", name="one_judgement"),
        migrations.RenameField(model_name="judgement", old_name="query", new_name="text"),
        migrations.AlterField(model_name="judgement", name="text", field=models.CharField(max_length=200, default="")),
        migrations.AddField(
            model_name="judgement",
            name="query",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="judgements",
                to="catalog.judgedquery",
            ),
        ),
        migrations.RunSQL(INTO_A_SET, OUT_OF_SETS),
        migrations.AlterField(
            model_name="judgement",
            name="query",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="judgements", to="catalog.judgedquery"
            ),
        ),
        migrations.RemoveField(model_name="judgement", name="text"),
        migrations.AlterField(
            model_name="judgement",
            name="grade",
            field=models.PositiveSmallIntegerField(validators=[django.core.validators.MaxValueValidator(3)]),
        ),
        migrations.AddField(model_name="judgement", name="judged_at", field=models.DateTimeField(auto_now=True)),
        migrations.AddField(model_name="judgement", name="judged_by", field=user_key()),
        migrations.AddConstraint(
            model_name="judgement",
            constraint=models.UniqueConstraint(fields=["query", "item"], name="one_judgement"),
        ),
        migrations.AddConstraint(
            model_name="judgement",
            constraint=models.CheckConstraint(condition=models.Q(("grade__lte", 3)), name="grade_in_range"),
        ),
        migrations.AlterField(
            model_name="encoderadaptation",
            name="state",
            field=models.CharField(choices=STATES, default="waiting", max_length=10),
        ),
        migrations.AlterField(
            model_name="encodercomparison",
            name="state",
            field=models.CharField(choices=STATES, default="waiting", max_length=10),
        ),
        migrations.CreateModel(
            name="Measurement",
            fields=[
                ("id", id_field()),
                ("state", models.CharField(choices=STATES, default="waiting", max_length=10)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("message", models.TextField(blank=True, default="", help_text="Its progress, or why it failed.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("kind", models.CharField(choices=KINDS, default="one", max_length=10)),
                (
                    "queries",
                    models.PositiveIntegerField(default=0, help_text="Queries with a relevant item, which were run."),
                ),
                ("searches_done", models.PositiveIntegerField(default=0)),
                ("searches_total", models.PositiveIntegerField(default=0)),
                (
                    "judged_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="measurements",
                        to="catalog.judgedset",
                    ),
                ),
                ("started_by", user_key()),
            ],
            options={"ordering": ["-id"], "abstract": False},
        ),
        migrations.AddConstraint(
            model_name="measurement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "running"])),
                fields=("judged_set",),
                name="one_unfinished_measurement",
            ),
        ),
        migrations.CreateModel(
            name="MeasuredSetting",
            fields=[
                ("id", id_field()),
                ("position", models.PositiveSmallIntegerField(help_text="0 is the baseline for the others.")),
                ("semantic_ratio", models.FloatField()),
                ("rerank", models.BooleanField(default=False)),
                ("ndcg_at_10", models.FloatField(null=True)),
                ("mrr_at_10", models.FloatField(null=True)),
                ("recall_at_100", models.FloatField(null=True)),
                (
                    "judged_at_10",
                    models.FloatField(null=True, help_text="Share of the first ten hits that are judged."),
                ),
                (
                    "median_ms",
                    models.FloatField(null=True, help_text="Per search, including the encoding of its query."),
                ),
                (
                    "not_reranked",
                    models.PositiveIntegerField(default=0, help_text="Searches that ran out of time for reranking."),
                ),
                (
                    "gain",
                    models.JSONField(
                        null=True,
                        help_text="Gain in nDCG@10 over the first setting: mean, and low and high end at 95%.",
                    ),
                ),
                ("ndcg_by_query", models.JSONField(default=dict, help_text="nDCG@10 by query id.")),
                (
                    "measurement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="settings", to="catalog.measurement"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="catalog.indexversion"),
                ),
            ],
            options={"ordering": ["measurement_id", "position"]},
        ),
        migrations.AddConstraint(
            model_name="measuredsetting",
            constraint=models.UniqueConstraint(fields=("measurement", "position"), name="one_setting_a_position"),
        ),
    ]
