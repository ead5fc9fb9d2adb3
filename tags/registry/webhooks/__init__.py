"""What registries send when something was pushed: read, and believed no further than "look at this tag now"."""

from .announcement import Announcement, Unreadable, read

__all__ = ["Announcement", "Unreadable", "read"]
