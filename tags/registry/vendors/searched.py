"""Registries whose tags come from a search over what they store, which may not know all that they hold."""

from ..client import Client
from ..errors import BadAnswer, CredentialsRefused, RepositoryMissing
from ..listing import Bulk, Question

_COMPARED = "compared"
_NEVER_LISTS = (CredentialsRefused, RepositoryMissing)


class Searched(Client):
    """Asks `search`; what it found is held against the registry's own list whenever all is to be read again.

    A search leaves out what it has not stored or cannot read (the upstream of a cache, a media type it does not know),
    and a tag that nobody has ever heard of would not be missed.
    """

    def search(self, question: Question) -> Bulk | None:
        """What `bulk` promises, but for tags that the search does not know."""
        raise NotImplementedError

    def bulk(self, question: Question) -> Bulk | None:
        found = self.search(question)
        if found and found.tags and (question.past.cursor or self._is_compared(question, found)):
            found.cursor = _COMPARED
        return found

    def _is_compared(self, question: Question, found: Bulk) -> bool:
        """Adds the tags that only the registry's own list names; False when that list is to be read another time.

        Raises BadAnswer when the search was in another repository than the one the registry shows at this name.
        """
        walk = self._walk(question)
        if not walk.complete:
            found.proves_absence = False
            return isinstance(walk.error, _NEVER_LISTS)
        seen = next(iter(found.observations.values()), None)
        if not found.tags <= walk.names or (seen and self._digest_of(seen.tag, question) != seen.digest):
            raise BadAnswer(f"{self._api.netloc} searches in another repository than {self._origin.netloc} shows")
        found.nameless |= walk.names - found.tags
        return True

    def _digest_of(self, tag: str, question: Question) -> str | None:
        return self._look_up(question.send, question.repository, tag).digest
