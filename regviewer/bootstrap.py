"""Writes the `.env` of a fresh clone, with keys nobody should have to invent: `python -m regviewer.bootstrap`."""

import os
import secrets
import sys
import tempfile
from pathlib import Path

ENVIRONMENT_FILE = Path(__file__).resolve().parent.parent / ".env"

TEMPLATE = """\
# Written once by `make run`; the README lists what else may stand here.
# Whoever has SECRETS_KEYS can read the stored credentials, and without it nobody can: keep it, and keep it secret.
SECRET_KEY={secret_key}
SECRETS_KEYS={secrets_key}
PUBLIC_READ=on
"""


def write_environment(path: Path) -> bool:
    """Write `path` (mode 0600) with new random keys; False when it is there already, which is never touched."""
    if path.exists():
        return False
    text = TEMPLATE.format(secret_key=secrets.token_urlsafe(50), secrets_key=secrets.token_urlsafe(32))
    # Linked into place when whole: neither a crash nor a second start at the same time leaves half a file or two keys.
    handle, whole = tempfile.mkstemp(dir=path.parent, prefix=".env.")  # made with mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.link(whole, path)
    except FileExistsError:
        return False
    finally:
        Path(whole).unlink()
    return True


if __name__ == "__main__":
    try:
        write_environment(ENVIRONMENT_FILE)
    except OSError as error:
        sys.exit(f"{ENVIRONMENT_FILE} cannot be written: {error.strerror}.")
