"""Connections that are opened, and their names looked up, within the deadline and through the gate."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cached_property, partial
from typing import Any

import urllib3
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from . import gate
from .deadline import BoundedSocket, remaining
from .origin import Origin
from .tls import Identity, tls_context

_MOST_POOLS = 16
_ORIGIN = re.compile(r"[^/?#]*//[^/?#]*")

Address = tuple[int, tuple[Any, ...]]
"""A socket family and the address in its form, as getaddrinfo gives them."""

Resolve = Callable[[str, int], Sequence[Address]]
Dial = Callable[[str, int], socket.socket]


def system_resolve(host: str, port: int) -> Sequence[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _type, _protocol, _name, address in found]


class Dialler:
    """Opens sockets; look-ups run in threads of their own because getaddrinfo cannot be told to give up."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], Future[Sequence[Address]]] = {}

    def dial(self, host: str, port: int, *, chosen_by_registry: bool) -> socket.socket:
        """The first address that answers, each given its share of the time left; raises OSError and AddressRefused.

        One address that is refused refuses them all: an honest name has none among its others.
        """
        addresses = self._look_up(host, port).result(timeout=remaining())
        for _family, (address, *_port) in addresses:
            gate.check(host, address, chosen_by_registry=chosen_by_registry)
        refusal = OSError("the name has no address")
        for tried, (family, address) in enumerate(addresses):
            sock = BoundedSocket(family, socket.SOCK_STREAM)
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(remaining() / (len(addresses) - tried))
                sock.connect(address)
                sock.settimeout(remaining())
            except OSError as error:
                sock.close()
                refusal = error
            else:
                return sock
        raise refusal

    def _look_up(self, host: str, port: int) -> Future[Sequence[Address]]:
        """One look-up at a time per name: a resolver that hangs holds one thread, however many requests wait for it."""
        with self._lock:
            future = self._running.get((host, port))
            if future is None:
                future = self._running[host, port] = Future()
                threading.Thread(target=self._answer, args=(host, port, future), daemon=True).start()
        return future

    def _answer(self, host: str, port: int, future: Future[Sequence[Address]]) -> None:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            future.set_exception(error)
        else:
            future.set_result(addresses)
        finally:
            with self._lock:
                del self._running[host, port]


class _PlainConnection(HTTPConnection):
    def __init__(self, *args: Any, dial: Dial, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dial = dial

    def _new_conn(self) -> socket.socket:
        return self._dial(self._dns_host.strip("[]"), self.port)


class _TLSConnection(HTTPSConnection):
    def __init__(self, *args: Any, dial: Dial, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dial = dial

    def _new_conn(self) -> socket.socket:
        return self._dial(self._dns_host.strip("[]"), self.port)


class BoundedAdapter(HTTPAdapter):
    """The adapter of `requests` over these connections, whose TLS trusts `ca_certificate` (PEM) too.

    Origins not among `chosen` are taken for a registry's choice.
    """

    def __init__(
        self,
        *,
        resolve: Resolve,
        chosen: frozenset[Origin],
        connections: int,
        ca_certificate: str,
        identity: Identity | None,
    ) -> None:
        super().__init__()
        self._dialler = Dialler(resolve)
        self._chosen = chosen
        self._connections = connections
        self._ca_certificate = ca_certificate
        self._identity = identity
        self._lock = threading.Lock()
        self._pools: dict[str, urllib3.HTTPConnectionPool] = {}

    def get_connection_with_tls_context(
        self, request: PreparedRequest, *_args: Any, **_kwargs: Any
    ) -> urllib3.HTTPConnectionPool:
        """Found by the origin's text: requests would parse the URL and hash the pool's settings for every request."""
        origin, _target = _divided(request)
        return self._pools.get(origin) or self._opened(origin)

    def request_url(self, request: PreparedRequest, *_args: Any, **_kwargs: Any) -> str:
        """What follows the origin: requests would parse the URL three times to find that no proxy is to be asked."""
        _origin, target = _divided(request)
        return target if target.startswith("/") else f"/{target}"

    def build_response(self, req: PreparedRequest, resp: urllib3.BaseHTTPResponse) -> Response:
        """Around urllib3's, which has the headers: without cookies, a guess at the encoding, and copies of either."""
        response = Response()
        response.request, response.status_code, response.raw = req, resp.status, resp
        return response

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing: requests would load all certificates anew for each connection; the TLS context has them."""

    def close(self) -> None:
        with self._lock:
            for pool in self._pools.values():
                pool.close()
            self._pools.clear()
        super().close()

    def _opened(self, origin: str) -> urllib3.HTTPConnectionPool:
        with self._lock:
            if origin not in self._pools:
                if len(self._pools) >= _MOST_POOLS:  # redirects lead to ever new hosts; who still uses it may go on
                    del self._pools[next(iter(self._pools))]
                self._pools[origin] = self._pool(Origin.parse(origin))
            return self._pools[origin]

    def _pool(self, origin: Origin) -> urllib3.HTTPConnectionPool:
        pool: urllib3.HTTPConnectionPool
        connection: type[_PlainConnection | _TLSConnection]
        if origin.scheme == "https":
            known = self._identity is not None and origin == self._identity.origin
            context = self._identified_tls_context if known else self._tls_context
            pool = urllib3.HTTPSConnectionPool(origin.host, origin.port, maxsize=self._connections, ssl_context=context)
            connection = _TLSConnection
        else:
            pool = urllib3.HTTPConnectionPool(origin.host, origin.port, maxsize=self._connections)
            connection = _PlainConnection
        dial = partial(self._dialler.dial, chosen_by_registry=origin not in self._chosen)
        pool.ConnectionCls = partial(connection, dial=dial)  # type: ignore[assignment]
        return pool

    @cached_property
    def _tls_context(self) -> ssl.SSLContext:
        return tls_context(self._ca_certificate)

    @cached_property
    def _identified_tls_context(self) -> ssl.SSLContext:
        return tls_context(self._ca_certificate, self._identity.certificate if self._identity else "")


def _divided(request: PreparedRequest) -> tuple[str, str]:
    """The origin as the URL has it, and the rest."""
    url = request.url or ""
    origin = _ORIGIN.match(url)
    end = origin.end() if origin else 0
    return url[:end], url[end:]
