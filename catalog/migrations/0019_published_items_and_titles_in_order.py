from django.db import migrations, models
from django.db.models.functions import Left, Lower


class Migration(migrations.Migration):
    dependencies = [("catalog", "0018_keyword_rebuild_beside_searches")]
    operations = [
        migrations.RunSQL("SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["id"], condition=models.Q(published=True), name="item_published"),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(
                Left(Lower("title"), 200), "id", condition=models.Q(published=True), name="item_titles_in_order"
            ),
        ),
    ]
