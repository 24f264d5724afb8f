"""The kinds of interaction and their default weights; staff may change them later."""

from django.db import migrations

WEIGHTS = {
    "view": 0.3,
    "click": 1.0,
    "save": 3.0,
    "cart": 3.0,
    "buy": 5.0,
    "like": 4.0,
    "rating": 2.0,
    "dislike": -3.0,
    "hide": -3.0,
}


def create_kinds(apps, schema_editor):
    kind = apps.get_model("recommender", "EventKind")
    kind.objects.bulk_create(kind(name=name, weight=weight) for name, weight in WEIGHTS.items())


class Migration(migrations.Migration):
    dependencies = [("recommender", "0001_models")]
    operations = [migrations.RunPython(create_kinds, migrations.RunPython.noop)]
