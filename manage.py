#!/usr/bin/env python
"""The command line of RegistryViewer: `manage.py help` lists what there is."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regviewer.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except OperationalError as error:
        from regviewer.preparation import cannot_be_used  # it needs settings, which may be what is wrong

        sys.exit(cannot_be_used(error))
    except BrokenPipeError:
        # Whoever read the output has seen enough (`| head`); Python must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
