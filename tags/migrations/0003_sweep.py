"""Leaves to the sweep what was looked at by each poll, so that the next poll need not rewrite every version."""

from django.db import migrations

SLICES = 256  # of every repository, when this was written
BATCH = 400


def begin_sweep(apps, schema_editor):
    """`checked_at` used to mean that all tags were looked at then or later: that is when each slice was."""
    tags, repositories, sweeps = (apps.get_model("tags", name).objects for name in ("Tag", "Repository", "Sweep"))
    unswept = repositories.filter(checked_at__isnull=False, sweep=None)
    tags.filter(repository__in=unswept.values("pk"), state="present").exclude(role="pointer").update(swept=True)
    sweeps.bulk_create(
        [
            # In whole seconds, rounded down: no tag may claim a look later than it had.
            sweeps.model(repository_id=pk, looks=[int(checked_at.timestamp())] * SLICES)
            for pk, checked_at in unswept.values_list("pk", "checked_at")
        ],
        batch_size=BATCH,
    )


class Migration(migrations.Migration):

    dependencies = [
        ("tags", "0002_every_registry"),
    ]

    operations = [
        migrations.RunPython(begin_sweep, migrations.RunPython.noop, elidable=True),
    ]
