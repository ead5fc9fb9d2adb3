"""What stands at the other end of the network: a registry that costs next to nothing, or a long way to another.

`tests.fakeregistry` is made to fail as it is told, and takes longer for an answer than a poll for the question. These
two run in threads of the process that starts them, which does nothing else while others poll.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from bisect import bisect_right
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from tests.bench.polls.names import WARM_UP
from tests.fakeregistry import JSON, MANIFEST

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Awaitable, Callable, Iterable, Iterator

CHUNK = 2**16
A_FEW = 20


class LeanRegistry:
    """Has the same tags in every repository, but only a few in those to warm up with; counts what it is asked.

    The digest of each is that of its own name.
    """

    def __init__(self, tags: Iterable[str]) -> None:
        self.requests = 0
        self.tells_digests = False  # when set, it lists all tags at once with their digests, as Google's registries do
        self.has_moved = False  # when set, every tag points to another image than before
        self._names = sorted(tags)
        self._tags = set(self._names)

    @contextmanager
    def serving(self) -> Iterator[str]:
        with _serving(self._converse) as address:
            yield address

    async def _converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        with closing(writer), suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                method, target, _rest = head.split(b" ", 2)
                self.requests += 1
                status, headers, body = self._answer(target.decode())
                lines = [f"HTTP/1.1 {status} Answer", f"Content-Length: {len(body)}", *headers, "\r\n"]
                writer.write("\r\n".join(lines).encode() + (b"" if method == b"HEAD" else body))

    def _answer(self, target: str) -> tuple[int, list[str], bytes]:
        where, _, tag = target.rpartition("/")
        if where.endswith("/manifests") and tag in self._tags:
            return 200, [f"Content-Type: {MANIFEST}", f"Docker-Content-Digest: {self._digest(tag)}"], b""
        if where.endswith("/tags"):
            return self._page(target)
        return (200, [], b"{}") if target == "/v2/" else (404, [], b"")

    def _page(self, target: str) -> tuple[int, list[str], bytes]:
        url = urlsplit(target)
        asked = parse_qs(url.query)
        most = int(asked["n"][0])
        there = self._names[:A_FEW] if WARM_UP in url.path else self._names
        begin = bisect_right(there, asked["last"][0]) if "last" in asked else 0
        end = len(there) if self.tells_digests else begin + most
        names = there[begin:end]
        page = {"name": url.path.removeprefix("/v2/").removesuffix("/tags/list"), "tags": names}
        if self.tells_digests:
            page["manifest"] = {self._digest(name): {"tag": [name], "mediaType": MANIFEST} for name in names}
        has_more = end < len(there)
        link = [f'Link: <{url.path}?n={most}&last={quote(names[-1])}>; rel="next"'] if has_more else []
        return 200, [f"Content-Type: {JSON}", *link], json.dumps(page).encode()

    def _digest(self, tag: str) -> str:
        return f"sha256:{hashlib.sha256((tag + ' moved' * self.has_moved).encode()).hexdigest()}"


@contextmanager
def far_away(address: str, seconds: float) -> Iterator[str]:
    """Leads to another address, from where every answer comes so much later; yields its own."""
    host, _, port = address.partition(":")

    async def carry(reader: StreamReader, writer: StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(host, int(port))
        with closing(writer), closing(there_writer), suppress(ConnectionError):
            await asyncio.gather(_copy(reader, there_writer), _copy_late(there_reader, writer, seconds))

    with _serving(carry) as near:
        yield near


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
    writer.close()


async def _copy_late(reader: StreamReader, writer: StreamWriter, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    while data := await reader.read(CHUNK):
        loop.call_later(seconds, writer.write, data)
    await asyncio.sleep(seconds)


@contextmanager
def _serving(converse: Callable[[StreamReader, StreamWriter], Awaitable[None]]) -> Iterator[str]:
    """Holds a conversation on each connection, in a thread, for as long as the context lasts; yields the address."""
    started: Future[tuple[str, Callable[[], object]]] = Future()

    async def serve() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with await asyncio.start_server(converse, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            started.set_result((f"{host}:{port}", lambda: loop.call_soon_threadsafe(over.set)))
            await over.wait()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:  # a server waits for its conversations to end
                task.cancel()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="serving")
    thread.start()
    address, end = started.result()
    try:
        yield address
    finally:
        end()
        thread.join()
