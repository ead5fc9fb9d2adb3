"""The credential that docker would use for a registry: from its `config.json`, or from the helper named there.

The shape is that of docker's own file (docker/cli, cli/config/configfile/file.go).
"""

import json
import re
import stat
import threading
import time
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .credential import Credential
from .credentialhelper import credential_of
from .errors import Misconfigured
from .reference import DOCKER_HUB

_MOST_BYTES = 2**20
_KEPT = 900.0  # seconds; helpers give secrets that live for an hour and more, and a refused one is asked for anew
_FAILURE_KEPT = 60.0

_HUB_KEY = "https://index.docker.io/v1/"
_HUB_HOSTS = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})


class DockerConfig:
    """A credential source; nothing is read before it is asked for, and after a while it is read again."""

    def __init__(self, path: str, address: str) -> None:
        self._path = Path(path).expanduser()
        self._host = _host_of(address)
        self._lock = threading.Lock()
        self._known: Credential | Misconfigured | None = None
        self._known_until = 0.0  # monotonic
        self._final: Credential | None = None

    def current(self, refused: Credential | None = None) -> Credential | None:
        """Raises Misconfigured, in words that name the file or the helper and never what they hold."""
        with self._lock:
            # Once is enough: the threads that were refused with the same credential need not all run a helper.
            again = refused is not None and refused == self._known != self._final
            if again or time.monotonic() >= self._known_until:
                self._read()
                self._final = refused
            if isinstance(self._known, Misconfigured):
                raise self._known
            return self._known

    def _read(self) -> None:
        try:
            self._known = self._looked_up()
        except Misconfigured as error:
            self._known = error
        kept = _FAILURE_KEPT if isinstance(self._known, Misconfigured) else _KEPT
        self._known_until = time.monotonic() + kept

    def _looked_up(self) -> Credential | None:
        config = self._parsed()
        helper = self._own(_object(config, "credHelpers")) or config.get("credsStore")
        if helper:
            asked = _HUB_KEY if self._host == DOCKER_HUB else self._host
            if found := credential_of(helper, asked):
                return found
        entry = self._own(_object(config, "auths"))
        try:
            return _credential_in(entry) if isinstance(entry, dict) else None
        except ValueError as error:
            raise self._broken(f"its entry for {self._host} is none that docker login writes") from error

    def _own(self, entries: Mapping[str, Any]) -> Any:
        """The entry for this registry; one for the whole of it before those for a path in it."""
        keys = [key for key in entries if _host_of(key) == self._host]
        keys.sort(key=lambda key: re.fullmatch(r"(\w+://)?[^/]+(/v[12]/?|/)?", key) is None)
        return entries[keys[0]] if keys else None

    def _parsed(self) -> dict[str, Any]:
        try:
            if not stat.S_ISREG(self._path.stat().st_mode):  # a pipe would keep us waiting
                raise self._broken("it is no file")
            with self._path.open("rb") as file:
                text = file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise self._broken(error.strerror or "it cannot be read") from error
        if len(text) > _MOST_BYTES:
            raise self._broken("it is too large")
        try:
            config = json.loads(text)
        except (ValueError, RecursionError):
            config = None
        if not isinstance(config, dict):
            raise self._broken("it is no JSON object")
        return config

    def _broken(self, why: str) -> Misconfigured:
        return Misconfigured(
            f"the docker configuration {self._path} cannot be used: {why}. "
            "It must be a config.json on every machine that runs a worker, which the worker may read."
        )


def _object(config: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _credential_in(entry: Mapping[str, Any]) -> Credential | None:
    """None if it is empty, as docker leaves it where a store has the secret; raises ValueError."""
    if token := _text(entry, "registrytoken"):
        return Credential.bearer_token(token)
    if token := _text(entry, "identitytoken"):
        return Credential.identity_token(token)
    username, password = _text(entry, "username"), _text(entry, "password")
    if auth := _text(entry, "auth"):
        username, _, password = b64decode(auth, validate=True).decode().partition(":")
        password = password.strip("\x00")
    if bool(username) != bool(password):
        raise ValueError("half a credential")
    return Credential(username, password) if username else None


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str):
        raise ValueError(f"{key} is no text")
    return value


def _host_of(key: str) -> str:
    """`registry.example.com:5000` of `https://registry.example.com:5000/v2/`; all of Docker Hub's names are one."""
    host = re.sub(r"^https?://", "", key.lower()).partition("/")[0]
    return DOCKER_HUB if host in _HUB_HOSTS else host
