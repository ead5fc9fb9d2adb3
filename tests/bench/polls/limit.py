"""The limit of all polls: HEADs and nothing else, over one session of `requests`, all of them prepared beforehand.

`python -m tests.bench.polls.limit` reads a line of JSON (`urls`, `connections`), says that it is ready, begins when it
is told another line, and prints what that took.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque

import requests
from requests.adapters import HTTPAdapter

from tags.registry.manifest import ACCEPT
from tests.processes import peak_memory


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(pool_maxsize=asked["connections"]))
    remaining = deque(
        session.prepare_request(requests.Request("HEAD", url, {"Accept": ACCEPT})) for url in asked["urls"]
    )
    digests: list[str] = []

    def look() -> None:
        while True:
            try:
                request = remaining.popleft()
            except IndexError:
                return
            digests.append(session.send(request).headers["Docker-Content-Digest"])

    threads = [threading.Thread(target=look) for _ in range(asked["connections"])]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    begun, cpu = time.time(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = {"begin": begun, "end": time.time(), "cpu": time.process_time() - cpu}
    json.dump({**spent, "requests": len(digests), "memory": peak_memory()}, sys.stdout)


if __name__ == "__main__":
    main()
