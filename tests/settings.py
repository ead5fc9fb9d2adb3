"""The settings of the tests: the product's own, in an environment that is the same everywhere."""

import os

os.environ.update(
    SECRET_KEY="only-for-tests",
    SECRETS_KEYS="a key only for tests",
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL", "sqlite://:memory:"),
    REDIS_URL="memory://",
    ALLOWED_HOSTS="*",
    TIME_ZONE="Europe/Berlin",
    PUBLIC_READ="on",
    DEBUG="off",
    LOG_LEVEL="WARNING",
)

from regviewer.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick: no password of the tests is a secret
