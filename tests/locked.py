"""Asks a web of its own for pages while its database is in trouble: `python -m tests.locked`, told what by its input.

It makes the database of `DATABASE_URL`, with somebody who may do everything, says so in a line, and answers each line
of `METHOD ADDRESS` with one of JSON. What is posted asks the admin to poll all repositories now.
"""

from __future__ import annotations

import json
import sys

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from tags.models import Registry, Repository  # noqa: E402


def told(client: Client, method: str, address: str, repositories: list[int]) -> dict[str, object]:
    if method == "POST":
        response = client.post(address, {"action": "poll_now", "_selected_action": repositories})
    else:
        response = client.get(address)
    return {"status": response.status_code, "headers": dict(response.items()), "text": response.text}


def main() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    registry, _added = Registry.objects.get_or_create(address="registry.example.com")
    repository, _added = Repository.objects.get_or_create(registry=registry, name="shop/app")
    admin, _added = get_user_model().objects.get_or_create(username="admin", is_staff=True, is_superuser=True)
    setup_test_environment()
    client = Client(raise_request_exception=False)
    client.force_login(admin)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        method, address = line.split()
        sys.stdout.write(json.dumps(told(client, method, address, [repository.pk])) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
