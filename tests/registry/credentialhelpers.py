"""Docker credential helpers for tests: small programs on the PATH that note what they were asked."""

import shlex
from pathlib import Path


def install_helper(folder: Path, name: str, answer: str, *, code: int = 0, before: str = "") -> Path:
    """The file in which it notes its argument and its input, one call a line."""
    record = folder / f"{name}.log"
    program = folder / f"docker-credential-{name}"
    program.write_text(
        f'#!/bin/sh\nread host || :\necho "$1 $host" >> {shlex.quote(str(record))}\n{before}\n'
        f"printf %s {shlex.quote(answer)}\nexit {code}\n"
    )
    program.chmod(0o755)
    return record
