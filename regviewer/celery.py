"""The Celery application: beat rings the doorbell, workers poll."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regviewer.settings")

app = Celery("regviewer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def leave_logging_to_django(**_: Any) -> None:
    """Whoever listens to this signal keeps Celery from setting up logging of its own."""
