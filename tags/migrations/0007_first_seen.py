"""Dates what appeared back to when its registry says: it was first seen when a poll saw it, and hidden until then."""

from django.db import migrations
from django.db.models import F, OuterRef, Subquery


def date_back(apps, schema_editor):
    tags, movements = (apps.get_model("tags", name).objects for name in ("Tag", "Movement"))
    appeared = movements.filter(kind="appeared")
    unseen = appeared.filter(before__lt=F("tag__first_seen_at"))
    earliest = appeared.filter(tag=OuterRef("pk")).order_by("before", "pk").values("before")[:1]
    tags.filter(pk__in=unseen.values("tag")).update(first_seen_at=Subquery(earliest))


class Migration(migrations.Migration):
    dependencies = [
        ("tags", "0006_wanted_looks"),
    ]

    operations = [
        migrations.RunPython(date_back, migrations.RunPython.noop, elidable=True),
    ]
