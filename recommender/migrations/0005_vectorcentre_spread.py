from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommender", "0004_event_ids_by_subject")]
    operations = [
        migrations.AddField(
            model_name="vectorcentre",
            name="spread",
            field=models.FloatField(
                default=1.0, help_text="Standard deviation of the cosine of two passages, centred."
            ),
            preserve_default=False,
        ),
    ]
