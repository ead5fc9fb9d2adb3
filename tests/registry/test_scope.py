from typing import Any

from tags.registry.scope import clean_scopes
from tests.registry.cases import cases


@cases("scopes")
def test_scopes_are_united_by_name(case: dict[str, Any]) -> None:
    assert list(clean_scopes(case["scopes"])) == case["expect"]
