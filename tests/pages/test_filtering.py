from tags.pages.filtering import begins, is_in
from tests.listings import digest


def test_a_part_of_a_name_is_enough_whatever_the_case() -> None:
    assert is_in("TEST", ["production", "qatesting"])
    assert not is_in("prodction", ["production"])


def test_no_text_finds_everything() -> None:
    assert is_in("", ["production"])


def test_a_digest_is_found_by_its_beginning_with_or_without_algorithm() -> None:
    content = digest("2.0").partition(":")[2]
    assert begins(content[:7], digest("2.0"))
    assert begins(f"sha256:{content[:3]}".upper(), digest("2.0"))
    assert not begins(content[3:10], digest("2.0"))


def test_a_few_characters_are_no_digest() -> None:
    assert not begins(digest("2.0").partition(":")[2][:3], digest("2.0"))
    assert not begins("abcd", None)
