"""WWW-Authenticate: what a registry asks for (RFC 9110, section 11.6.1).

Several challenges may stand on one line and on several; `requests` joins lines with a comma, so this reads one string.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# Realms come unquoted with ':' and '/' in them, which no token may hold; up to the next comma they are unmistakable.
_VALUE = r'"(?:[^"\\]|\\.)*"|[^\s",=][^\s",]*'
_ELEMENT = re.compile(
    rf"""[\s,]*
    (?: (?P<scheme>{_NAME}) (?: \s+ (?: (?P<first>{_NAME})\s*=\s*(?P<first_value>{_VALUE})
                                      | (?P<token68>[A-Za-z0-9._~+/-]+=*) ) )?
      | (?P<name>{_NAME})\s*=\s*(?P<value>{_VALUE}) )
    \s*(?:,|$)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One scheme, in lower case, with its parameters, names in lower case; of a repeated name the last counts."""

    scheme: str
    params: dict[str, str] = field(default_factory=dict)
    token68: str | None = None

    @property
    def answerable(self) -> bool:
        """A Bearer challenge that names no realm leaves nobody to ask for a token."""
        return self.scheme == "basic" or (self.scheme == "bearer" and bool(self.params.get("realm")))


def parse_challenges(header: str) -> list[Challenge]:
    """Every challenge up to the first thing that is none: a broken tail does not cost what stands before it."""
    challenges: list[Challenge] = []
    position = 0
    while element := _ELEMENT.match(header, position):
        position = element.end()
        if element["scheme"]:
            challenges.append(Challenge(element["scheme"].lower(), token68=element["token68"]))
        elif not challenges:
            break
        if name := element["first"] or element["name"]:
            challenges[-1].params[name.lower()] = _unquoted(element["first_value"] or element["value"])
    return challenges


def choose(challenges: list[Challenge]) -> Challenge | None:
    """The challenge to answer: Bearer before Basic, whatever the order they came in."""
    answerable: Mapping[str, Challenge] = {c.scheme: c for c in reversed(challenges) if c.answerable}
    return answerable.get("bearer") or answerable.get("basic")


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
