"""Indexes for the search: by names in capitals everywhere, by trigrams on PostgreSQL where the extension may be had."""

import django.db.models.functions.text
import structlog
from django.db import DatabaseError, migrations, models, transaction

log = structlog.get_logger(__name__)

# The expression is tags.models.searching.Indexed.
CREATE = """
    CREATE INDEX IF NOT EXISTS tag_name_trigrams ON tags_tag
    USING gin ((REPLACE(REPLACE(REPLACE(UPPER(name), '.', 'x'), '-', 'y'), '_', 'z')) gin_trgm_ops)
"""


def index_trigrams(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(CREATE)
            cursor.execute("ANALYZE tags_tag")  # or it is not known until the next night how rare a trigram is
    except DatabaseError as error:
        log.warning("the search goes on without an index of trigrams", error=str(error).strip())


def forget_trigrams(apps, schema_editor):
    """The extension stays: others may use it by now."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS tag_name_trigrams")


class Migration(migrations.Migration):
    dependencies = [
        ("tags", "0004_access_tokens_and_compare_links"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="tag",
            index=models.Index(models.F("role"), django.db.models.functions.text.Upper("name"), name="tag_by_capitals"),
        ),
        migrations.AddIndex(
            model_name="tag",
            index=models.Index(
                models.F("role"),
                models.F("state"),
                models.F("name"),
                models.F("repository"),
                name="tag_by_role_and_name",
            ),
        ),
        migrations.RunPython(index_trigrams, forget_trigrams),
    ]
