"""The Celery application: beat rings the doorbell, workers poll."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regviewer.settings")

app = Celery("regviewer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
