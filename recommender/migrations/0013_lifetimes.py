from django.db import migrations, models

NOTHING = migrations.RunSQL.noop


class Migration(migrations.Migration):
    """What tidying needs to find old rows of visitors, and an end to the vectors of people who opted out."""

    dependencies = [
        ("recommender", "0012_records_in_turn"),
    ]

    operations = [
        # Opting out deletes them now, but used to leave them until the profile was next due.
        migrations.RunSQL(
            """
            DELETE FROM recommender_userembedding AS stored USING recommender_preferences AS own
            WHERE own.opted_out_at IS NOT NULL AND (own.user_id = stored.user_id OR own.visitor = stored.visitor)
            """,
            NOTHING,
        ),
        # Decisions from before this was recorded are kept as long as those of today.
        migrations.RunSQL(
            """
            UPDATE recommender_preferences SET changed_at = now()
            WHERE visitor IS NOT NULL AND changed_at IS NULL
            """,
            NOTHING,
        ),
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(
                condition=models.Q(("visitor__isnull", False)),
                fields=["created_at"],
                name="interaction_visitor_recorded",
            ),
        ),
        migrations.AddIndex(
            model_name="profilestate",
            index=models.Index(
                condition=models.Q(("visitor__isnull", False)), fields=["changed_at"], name="state_visitor_changed"
            ),
        ),
    ]
