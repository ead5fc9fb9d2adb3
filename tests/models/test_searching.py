from __future__ import annotations

import pytest

from tags.models.searching import as_indexed, digest_ranges


def test_marks_become_letters_that_no_name_in_capitals_has() -> None:
    assert as_indexed("v2.1-rc_1x") == "V2x1yRCz1X"


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("sha256:AB12", (("sha256:ab12", "sha256:ab12g"),)),
        ("sha512:a", (("sha512:a", "sha512:ag"),)),
        ("ab12", tuple((f"{one}:ab12", f"{one}:ab12g") for one in ("sha256", "sha384", "sha512"))),
        ("ab1", ()),
        ("sha256:", ()),
        ("xyz1", ()),
        (":ab12", ()),
        ("app:2024", ()),
    ],
)
def test_a_digest_is_looked_for_between_two_others(text: str, ranges: tuple[tuple[str, str], ...]) -> None:
    assert digest_ranges(text) == ranges
