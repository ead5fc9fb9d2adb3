"""The WSGI entry point."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regviewer.settings")

application = get_wsgi_application()

# What is loaded by now stays: looking through it for garbage would hold up one request in twelve for 50 ms.
gc.freeze()
