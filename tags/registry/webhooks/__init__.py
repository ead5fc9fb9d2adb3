"""What registries send when something was pushed: read, and believed no further than "look at this tag now"."""

from .announcement import Announcement, Unreadable, read
from .proof import is_proved

__all__ = ["Announcement", "Unreadable", "is_proved", "read"]
