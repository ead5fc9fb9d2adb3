"""Text that is compared by its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class BytewiseField(models.CharField):
    """In the order in which registries list tags, whatever the locale of the database says.

    SQLite compares so of its own accord.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        collation = {"collation": "C"} if connection.vendor == "postgresql" else {}
        return super().db_parameters(connection) | collation
