"""Is included in a Celery worker that is measured: writes down, line by line, what each poll took."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery.signals import worker_process_init

from tags import polling
from tests.bench.polls.meter import counting, metered
from tests.bench.polls.workers import TOLD_IN

if TYPE_CHECKING:
    from tests.bench.polls.meter import Spent

_for_ever = ExitStack()


@worker_process_init.connect
def measure(**_: Any) -> None:
    counters = _for_ever.enter_context(counting())

    def tell(spent: Spent) -> None:
        with Path(os.environ[TOLD_IN]).open("a") as file:  # others write there as well: each line goes out in one piece
            file.write(json.dumps(spent.facts) + "\n")

    polling.poll = metered(polling.poll, counters, tell)
