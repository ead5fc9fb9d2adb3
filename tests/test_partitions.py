"""`docs/partitions.sql`: all goes on as before with the movements of each year in a table of their own."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from tags.models import Movement, Repository
from tags.rebuilding import differences
from tags.retention import prune
from tests.listings import EXAMPLE, START, make_repository, record, seen

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

SQL = (Path(__file__).parents[1] / "docs" / "partitions.sql").read_text()
A_YEAR = 366 * 24 * 60  # minutes

if connection.vendor == "postgresql":
    pytestmark = pytest.mark.django_db

    @pytest.fixture
    def repository() -> Repository:
        """One that moved in two years, before its movements were divided."""
        repository = make_repository()
        record(repository, seen(EXAMPLE, -A_YEAR))
        record(repository, seen({**EXAMPLE, "production": "1.3"}, 5 - A_YEAR))
        for minute in (10, 15):
            record(repository, seen({**EXAMPLE, "production": "2.1"}, minute - A_YEAR))
        record(repository, seen({**EXAMPLE, "production": "2.2"}, 0))
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # so that tables may be altered in this transaction
            cursor.execute(SQL)
        return repository

    def partitions() -> dict[str, int]:
        """How many movements each has."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT tableoid::regclass::text, count(*) FROM tags_movement GROUP BY 1 ORDER BY 1")
            return dict(cursor.fetchall())

    def indexes() -> set[str]:
        with connection.cursor() as cursor:
            return set(connection.introspection.get_constraints(cursor, Movement._meta.db_table))

    def test_movements_are_kept_year_by_year(repository: Repository) -> None:
        assert partitions() == {"tags_movement_2025": 2, "tags_movement_2026": 1}
        record(repository, seen({**EXAMPLE, "production": "2.0"}, 5))
        assert partitions() == {"tags_movement_2025": 2, "tags_movement_2026": 2}
        assert len(set(Movement.objects.values_list("pk", flat=True))) == 4
        assert list(differences(repository)) == []

    def test_what_lies_in_no_partition_is_kept_too(repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 9 * A_YEAR))
        assert partitions()["tags_movement_other"] == 1

    def test_a_year_that_was_forgotten_is_added_as_the_file_says(repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 9 * A_YEAR))
        told = re.search(r"Then, in one transaction:\n((?:--   .*\n)+)", SQL)
        assert told
        statements = told[1].replace("--", "").replace("2030", "2036").replace("2029", "2035")
        with connection.cursor() as cursor:
            cursor.execute(statements)
        assert partitions()["tags_movement_2035"] == 1
        assert "tags_movement_other" not in partitions()
        assert list(differences(repository)) == []

    def test_the_table_has_all_that_the_model_asks_for(repository: Repository) -> None:
        meta = Movement._meta
        assert {index.name for index in meta.indexes} <= indexes()
        assert {constraint.name for constraint in meta.constraints} <= indexes()

    def test_a_time_is_looked_for_in_its_own_year_alone(repository: Repository) -> None:
        plan = Movement.objects.filter(before__gte=START - dt.timedelta(hours=1), before__lte=START).explain()
        assert "tags_movement_2026" in plan
        assert "tags_movement_2025" not in plan

    def test_pages_tell_what_they_told(repository: Repository, client: Client) -> None:
        told = json.loads(client.get("/movements/127.0.0.1:5000/app/?format=json&span=all").getvalue())
        assert [move["to_version"] for move in told] == ["2.2", "2.1", "1.3"]

    def test_what_is_too_old_is_deleted_as_ever(repository: Repository, settings: SettingsWrapper) -> None:
        settings.KEEP_MOVEMENTS_DAYS = 90
        assert prune(START + dt.timedelta(days=1)).movements == 1
        assert partitions() == {"tags_movement_2025": 1, "tags_movement_2026": 1}  # where it was then is still told
