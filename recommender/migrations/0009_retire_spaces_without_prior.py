from django.db import migrations


class Migration(migrations.Migration):
    """Vectors of taste spaces have one more place. Until the next training the untrained score serves."""

    dependencies = [("recommender", "0008_experiments")]
    operations = [
        migrations.RunSQL("UPDATE recommender_tastemodel SET state = 'retired'", migrations.RunSQL.noop),
    ]
