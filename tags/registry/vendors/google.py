"""Google's registries (Container Registry, Artifact Registry): each list of tags names the repositories below it.

It holds all digests too, which the plain way reads wherever they come from.
"""

from collections import deque
from collections.abc import Iterator, Sequence

from .. import scope
from ..client import Client
from ..errors import TooLarge
from ..listing import Catalog
from ..reference import is_repository_name
from .answers import api_get, catalog_of, json_object, unreadable
from .patterns import leads_to, roots

_MOST_LISTS = 1000


class Google(Client):
    NAME = "Google (GCR, Artifact Registry)"
    ADDRESSES = r"(?:[a-z0-9.-]+\.)?gcr\.io|(?:[a-z0-9.-]+\.)?pkg\.dev"

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        """What is below the places that patterns name; without such a place, what `_catalog` says."""
        return catalog_of(self._below(patterns)) if roots(patterns) else super().catalog(patterns)

    def _below(self, patterns: Sequence[str]) -> Iterator[str]:
        waiting = deque(roots(patterns))
        met = set(waiting)
        for _ in range(_MOST_LISTS):
            if not waiting:
                return
            path = waiting.popleft()
            answer = self._send(api_get(f"{self._origin}/v2/{path}/tags/list"), scope.pull(path))
            if answer.status == 404:
                continue
            page = json_object(answer)
            if page.get("tags") or page.get("manifest"):
                yield path
            children = page.get("child") or []
            if not isinstance(children, list):
                raise unreadable(answer)
            named = {f"{path}/{child}" for child in children if isinstance(child, str)} - met
            below = {name for name in named if is_repository_name(name) and leads_to(name, patterns)}
            waiting.extend(sorted(below))
            met |= below
        raise TooLarge(f"{self._origin.netloc} has more than {_MOST_LISTS} repositories below those patterns")
