"""The records: what is (Registry, Repository, Tag, Image) and what happened (Movement, Coverage)."""

from tags.models.accesstoken import AccessToken
from tags.models.comparelink import CompareLink
from tags.models.coverage import Coverage
from tags.models.doubt import AskAgain
from tags.models.heartbeat import Heartbeat
from tags.models.image import Image
from tags.models.inventory import Inventory
from tags.models.movement import Movement
from tags.models.queued import LeaseLost
from tags.models.registry import Registry
from tags.models.remembered import Remembered
from tags.models.repository import Repository
from tags.models.sweep import Sweep
from tags.models.tag import Tag

__all__ = [
    "AccessToken",
    "AskAgain",
    "CompareLink",
    "Coverage",
    "Heartbeat",
    "Image",
    "Inventory",
    "LeaseLost",
    "Movement",
    "Registry",
    "Remembered",
    "Repository",
    "Sweep",
    "Tag",
]
