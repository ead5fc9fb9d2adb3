"""The Celery application: beat rings the doorbell, workers poll."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regviewer.settings")

app = Celery("regviewer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def leave_logging_to_django(**_: Any) -> None:
    """Whoever listens to this signal keeps Celery from setting up logging of its own."""


@worker_process_init.connect
def leave_what_all_share_alone(**_: Any) -> None:
    """What was loaded before the fork is needed to the end: looked through for garbage, it would only be copied."""
    gc.freeze()
