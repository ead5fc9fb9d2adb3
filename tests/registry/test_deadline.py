import socket
from collections.abc import Iterator

import pytest

from tags.registry.deadline import BoundedSocket, deadline


@pytest.fixture
def silent() -> Iterator[BoundedSocket]:
    """Connected to somebody who never says anything."""
    ours, theirs = socket.socketpair()
    with theirs, BoundedSocket(fileno=ours.detach()) as sock:
        yield sock


def test_outside_a_deadline_nothing_may_wait(silent: BoundedSocket) -> None:
    with pytest.raises(TimeoutError):
        silent.recv(1)


def test_a_kept_connection_goes_by_each_new_deadline(silent: BoundedSocket) -> None:
    with deadline(600):
        silent.sendall(b"?")
        assert silent.gettimeout() == pytest.approx(600, rel=0.02)
    with deadline(0.05), pytest.raises(TimeoutError):
        silent.recv(1)
    with deadline(600):
        silent.sendall(b"?")
        assert silent.gettimeout() == pytest.approx(600, rel=0.02)


def test_nobody_can_have_it_wait_for_ever(silent: BoundedSocket) -> None:
    with deadline(0.05):
        silent.sendall(b"?")
        silent.settimeout(None)
        assert silent.gettimeout() == pytest.approx(0.05, rel=0.02)
        with pytest.raises(TimeoutError):
            silent.recv(1)
