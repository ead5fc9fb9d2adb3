"""Run as a program, it is a worker that lists repositories and tells how that went and how much memory it took.

Arguments: the client's settings as JSON, then names of repositories. Writes one line of JSON for each.
"""

import json
import re
import sys
from pathlib import Path

import django

django.setup()

from tags import tasks  # noqa: E402 - what a worker holds in memory counts
from tags.registry import Client, Settings  # noqa: E402


def peak_mebibytes() -> int:
    """The most this program ever took; `getrusage` counts what its parent took before, too."""
    kibibytes = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert kibibytes
    return int(kibibytes[1]) // 1024


def main(settings: Settings, repositories: list[str]) -> None:
    assert tasks
    with Client(settings) as client:
        for repository in repositories:
            listing = client.listing(repository, lambda tags, _span: [tag for tag in tags if tag.startswith("look")])
            error = listing.error
            told = {
                "repository": repository,
                "error": type(error).__name__ if error else "",
                "words": str(error or ""),
                "complete": listing.complete,
                "tags": len(listing.tags),
                "peak": peak_mebibytes(),
            }
            print(json.dumps(told), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Settings(**json.loads(sys.argv[1])), sys.argv[2:])
