"""The Django project; whatever part of it a process is, it starts here."""

from regviewer.celery import app as celery_app
from regviewer.memory import give_large_buffers_back

__all__ = ["celery_app"]

give_large_buffers_back()
