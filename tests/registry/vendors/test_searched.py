import pytest

from tags.registry import Listing, Past
from tags.registry.listing import Bulk, Question
from tags.registry.transport import Request
from tags.registry.vendors.answers import json_object, put
from tags.registry.vendors.searched import Searched
from tests.fakeregistry import Answer, FakeRegistry, Recorded
from tests.faults import status
from tests.listings import digest
from tests.registry.vendors.polls import digests, remembered

APP = "shop/app"


class Library(Searched):
    """Its search is `{"tag": "digest"}`."""

    def search(self, question: Question) -> Bulk:
        answer = question.send(Request("GET", f"{self._origin}/search"))
        bulk = Bulk(answer.sent_at, answer.received_at)
        for tag, found in json_object(answer).items():
            put(bulk, tag, found, answer)
        return bulk


class FakeLibrary(FakeRegistry):
    found: dict[str, str]

    def answer(self, request: Recorded) -> Answer:
        if request.path != "/search":
            return super().answer(request)
        return Answer(body=str(self.found).replace("'", '"').encode())


@pytest.fixture
def library():
    with FakeLibrary() as library:
        for number in range(4):
            library.push(APP, f"1.{number}")
        library.found = dict(library.repositories[APP])
        yield library


def look(library: FakeLibrary, seen: Past | None = None) -> Listing:
    with Library(library.settings()) as client:
        return client.listing(APP, past=seen)


def test_the_search_is_held_against_the_registrys_own_list_when_all_is_read_again(library):
    first = look(library)
    assert [r.path.partition("?")[0] for r in library.requests] == [
        "/search",
        "/v2/shop/app/tags/list",
        "/v2/shop/app/manifests/1.0",
    ]
    second = look(library, remembered(first))
    assert second.requests == 1
    assert digests(second) == digests(first) == library.repositories[APP]
    assert second.proves_absence


def test_a_tag_that_the_search_does_not_know_is_looked_up_by_itself(library):
    del library.found["1.2"]
    first = look(library)
    assert digests(first) == library.repositories[APP]
    assert digests(look(library, remembered(first))) == digests(first)


def test_a_search_that_finds_another_image_is_not_believed(library):
    library.found["1.0"] = digest("another")
    assert digests(look(library)) == library.repositories[APP]


def test_a_search_that_finds_a_tag_that_is_not_listed_is_not_believed(library):
    library.found["ghost"] = digest("another")
    assert look(library).tags == library.repositories[APP].keys()


def test_when_the_list_cannot_be_read_nothing_ends_and_the_next_poll_compares_again(library):
    library.fault(status(500), path="/tags/list", times=1)
    first = look(library)
    assert digests(first) == library.repositories[APP]
    assert not first.proves_absence
    assert first.cursor == ""
    assert look(library, remembered(first)).cursor != ""


@pytest.mark.parametrize("code", [403, 404])
def test_where_the_list_is_never_given_the_search_is_all_there_is(library, code):
    library.fault(status(code), path="/tags/list")
    first = look(library)
    assert digests(first) == library.repositories[APP]
    assert not first.proves_absence
    assert look(library, remembered(first)).requests == 1


def test_what_neither_finds_any_more_has_ended(library):
    first = look(library)
    library.delete(APP, "1.2")
    del library.found["1.2"]
    second = look(library, remembered(first))
    assert second.tags == {"1.0", "1.1", "1.3"}
    assert second.proves_absence


def test_what_only_the_search_has_lost_has_not_ended(library):
    first = look(library)
    del library.found["1.2"]
    second = look(library, remembered(first))
    assert digests(second) == digests(first)
