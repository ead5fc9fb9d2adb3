"""What moves: the kinds of movement, and what all of this asks of one."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt


class Kind(StrEnum):
    FORWARD = "forward"
    ROLLBACK = "rollback"
    CHANGED = "changed"
    REBUILT = "rebuilt"
    REPUBLISHED = "republished"
    APPEARED = "appeared"
    REMOVED = "removed"
    RETURNED = "returned"


class Move(Protocol):
    """One movement of one tag, somewhere between `after` (None: nothing is known before) and `before`."""

    @property
    def kind(self) -> str: ...
    @property
    def after(self) -> dt.datetime | None: ...
    @property
    def before(self) -> dt.datetime: ...
    @property
    def from_digest(self) -> str | None: ...
    @property
    def to_digest(self) -> str | None: ...
    @property
    def from_version(self) -> str | None: ...
    @property
    def to_version(self) -> str | None: ...
