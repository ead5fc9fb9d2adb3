import math

import pytest

from tags.registry import bounded


def test_what_is_small_enough_is_read() -> None:
    assert bounded.loads(b'{"a": [1, 2]}', 3) == {"a": [1, 2]}


@pytest.mark.parametrize("body", [b"[1,2,3,4,5]", b"[[],[],[]]", b'{"a":1,"b":1,"c":1,"d":1,"e":1}', b"[" * 9])
def test_more_values_than_anybody_has_are_not_even_parsed(body: bytes) -> None:
    with pytest.raises(bounded.TooMuch):
        bounded.loads(body + b"no JSON", 1)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000], ids=len)
def test_what_is_no_json_is_told_from_what_is_too_much(body: bytes) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        bounded.loads(body)
    assert not isinstance(caught.value, bounded.TooMuch)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"n": ' + b"9" * 100_000 + b', "tags": ["1.0"]}', {"n": math.inf, "tags": ["1.0"]}),
        (b'{"n": -9007199254740993}', {"n": -9007199254740993}),
        (b'["1.0", "\xff\xfe"]', ["1.0", "\udcff\udcfe"]),
        (b'\xef\xbb\xbf["1.0"]', ["1.0"]),
        (b'{"tags": ["1.0", "latest"], "tags": ["1.0"]}', {"tags": ["1.0", "latest", "1.0"]}),
        (b'{"tags": null, "name": "a", "tags": ["1.0"], "name": "b"}', {"tags": ["1.0"], "name": "b"}),
    ],
    ids=["huge number", "exact number", "no UTF-8", "byte order mark", "said twice", "said twice, once as nothing"],
)
def test_what_is_odd_costs_no_more_than_itself(body: bytes, value: object) -> None:
    assert bounded.loads(body) == value
