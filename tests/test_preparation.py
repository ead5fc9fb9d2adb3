from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from regviewer.parts import CannotStart
from regviewer.preparation import prepare_database
from tags.models import Heartbeat

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_ONLY = {
    "sqlite": ("PRAGMA query_only = on", "PRAGMA query_only = off"),
    "postgresql": ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
}


@pytest.fixture
def read_only(transactional_db: None) -> Iterator[None]:
    """What is there can be read, and nothing can be written."""
    begin, end = READ_ONLY[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(begin)
    yield
    with connection.cursor() as cursor:
        cursor.execute(end)


@pytest.mark.usefixtures("read_only")
def test_a_database_that_may_only_be_read_is_refused() -> None:
    with pytest.raises(CannotStart, match=r"cannot be used: (it may not be written|cannot execute)"):
        prepare_database()


@pytest.mark.django_db(transaction=True)
def test_preparing_leaves_no_sign_of_life() -> None:
    prepare_database()
    assert not Heartbeat.objects.exists()
