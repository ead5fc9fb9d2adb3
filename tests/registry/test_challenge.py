from dataclasses import asdict
from typing import Any

from tags.registry.challenge import Challenge, choose, parse_challenges
from tests.registry.cases import acceptable, cases


def as_case(challenges: list[Challenge]) -> list[dict[str, Any]]:
    return [{key: value for key, value in asdict(c).items() if value is not None} for c in challenges]


@cases("challenges")
def test_parses_what_registries_send(case: dict[str, Any]) -> None:
    challenges = parse_challenges(", ".join(case["headers"]))
    allowed = acceptable(case)
    assert as_case(challenges) in allowed or (not challenges and "malformed" in allowed)
    # A case that is malformed has two right answers; the scheme to use is said for the one it expects.
    if as_case(challenges) == case["expect"] or (case["expect"] == "malformed" and not challenges):
        assert getattr(choose(challenges), "scheme", None) == case["use"]


def test_a_header_without_sense_is_read_in_no_time() -> None:
    assert parse_challenges("Bearer " + 'a="' * 20_000) == []
    assert parse_challenges(" " * 60_000 + "=") == []


def test_parameters_before_any_scheme_belong_to_nobody() -> None:
    assert parse_challenges('realm="https://evil.example.net/token"') == []
