"""What a tag's name says: is it a version or a pointer, which version is higher, which one to show.

A name is read as a leading word (the group; a `v` counts as none), a release of numbers, and a suffix. The suffix
begins with a mark that people agree on (`rc1`, `final`, `post2`) or is a flavour (`alpine3.18`), which says how an
image was built and not how new it is. Names are a registry's, so hostile: each is read in linear time, none is refused.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

Token = tuple[int, int, str]
Release = tuple[int, ...]
Suffix = tuple[Token, ...] | tuple[str, ...]
Place = tuple[tuple[str, Suffix], Release, str | None]  # group and words of the suffix, release, shared digest
SortKey = tuple[int, str, Release, int, tuple[Token, ...], str]


class Role(StrEnum):
    VERSION = "version"
    POINTER = "pointer"
    ATTACHMENT = "attachment"


class Direction(StrEnum):
    FORWARD = "forward"
    ROLLBACK = "rollback"
    CHANGED = "changed"


class Stage(IntEnum):
    """Where a suffix puts a name among those of the same release, lowest first."""

    BEFORE = 0
    FLAVOUR = 1
    FINAL = 2
    RELEASE = 3
    AFTER = 4


class Parts(NamedTuple):
    group: str
    release: Release
    stage: Stage
    mark: tuple[Token, ...]
    flavour: tuple[Token, ...]
    dated: bool


_EARLY = ("a", "alpha", "b", "beta", "build", "c", "canary", "cr", "dev", "ea", "experimental", "insiders", "m")
_ALSO_EARLY = ("milestone", "next", "nightly", "pre", "prerelease", "preview", "rc", "snapshot", "unstable")
MARKS = {
    **dict.fromkeys(_EARLY + _ALSO_EARLY, Stage.BEFORE),
    **dict.fromkeys(("final", "ga", "release"), Stage.FINAL),
    **dict.fromkeys(("hotfix", "p", "patch", "post", "r", "rev", "sp"), Stage.AFTER),
}
# What ends in one of these is meant to move, whatever numbers stand before it: v2-latest, 2.1-nightly.
FLOATING = frozenset({"current", "edge", "latest", "nightly", "rolling"})
# These may stand still or not; seeing such a name move is no rebuild of a version but what it is for.
DRIFTING = FLOATING | {"dev", "snapshot"}
# A number after these names a branch or a request for a change, whose tag moves with every push.
BRANCHES = frozenset({"branch", "bug", "bugfix", "feat", "feature", "fix", "issue", "mr", "pr", "pull"})
# A small number after these tells places apart: qa2, staging-1. A large one is a build's.
PLACES = frozenset(
    {"blue", "canary", "demo", "dev", "green", "int", "live", "perftest", "preprod", "prod", "production"}
)
PLACES |= {"qa", "qatesting", "sandbox", "stage", "staging", "test", "uat"}
# What people mostly call the pointers that they move themselves.
DEPLOYMENTS = PLACES | FLOATING | {"perftesting", "rollback", "stable", "testing"}
BUILDS = frozenset({"b", "build", "ci", "job", "run"})

LEAST_BUILD_NUMBER = 10_000  # five digits: a build number, a compact date or a timestamp, not a first part that floats
LEAST_YEAR = 1900
MOST_PARTS = 6  # as renovate: nobody's version has more, a hostile name may have sixty
MOST_SHOWN = 2
MOST_WEIGHED = 32  # versions on one digest that are weighed for display
CACHED = 16_384  # names that stay read: a page reads those of its repository again and again

_ATTACHMENT = re.compile(r"sha(?:256|384|512)-[0-9a-fA-F]+(?:\..*)?|.*\.(?:sig|att|sbom)", re.DOTALL)
_COMMIT = re.compile(
    r"(?:(?:sha|git|commit)-?)?(?!(?:19|20)[0-9]{6}[a-f]\Z)(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,40}"
)
_SHAPE = re.compile(r"([^0-9]*)([0-9]+(?:\.[0-9]+)*)(.*)", re.DOTALL)
_DATE = re.compile(
    r"((?:19|20)[0-9]{2})-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01])"
    r"(?:[Tt_.-]([01][0-9]|2[0-3])[-.:]?([0-5][0-9])(?:[-.:]?([0-5][0-9]))?[Zz]?(?![0-9]))?)?(?![0-9])"
)
_DESCRIBED = re.compile(r"-([0-9]+)-g[0-9a-f]{7,40}(?![0-9a-z])")  # git describe: commits since the release
_TOKEN = re.compile(r"[0-9]+|[a-z]+")
_JOINED = " = "


def _tokens(text: str) -> tuple[Token, ...]:
    """Numbers rank below words, as semver 2.0.0 section 11.4 has it."""
    return tuple((0, int(t), "") if t[0] <= "9" else (1, 0, t) for t in _TOKEN.findall(text))


def _words(tokens: tuple[Token, ...]) -> tuple[str, ...]:
    return tuple(word for is_word, _number, word in tokens if is_word)


@lru_cache(maxsize=4096)  # a repository has few suffixes, however many tags
def _suffix(text: str) -> tuple[Stage, tuple[Token, ...], tuple[Token, ...]]:
    """Stage, mark and flavour of what follows the release, which is in lower case."""
    described = _DESCRIBED.match(text)
    if described:
        return Stage.AFTER, _tokens(described[1]), _tokens(text[described.end() :])
    tokens = _tokens(text)
    if not tokens:
        return Stage.RELEASE, (), ()
    is_word, _number, word = tokens[0]
    numbers = 0
    while numbers + 1 < len(tokens) and not tokens[numbers + 1][0]:
        numbers += 1
    # One letter alone is anything (1.1.1a is a later OpenSSL); with a number it is what Python means by b1.
    if word in MARKS and (numbers or len(word) > 1):
        return MARKS[word], tokens[: numbers + 1], tokens[numbers + 1 :]
    return (Stage.FLAVOUR if is_word else Stage.BEFORE), (), tokens


@lru_cache(maxsize=CACHED)
def _parse(name: str) -> Parts | None:
    """None for a name without order: one without a digit, or a commit's hash."""
    shape = _SHAPE.match(name)
    if shape is None or _COMMIT.fullmatch(name):
        return None
    group = shape[1].lower().strip("._-")
    if group == "v" or group.endswith(("-v", "_v", ".v")):
        group = group[:-1].rstrip("._-")
    date = _DATE.match(name, shape.start(2))
    if date:
        numbers, rest = [part for part in date.groups() if part], name[date.end() :]
    else:
        numbers, rest = shape[2].split("."), shape[3]
    return Parts(group, tuple(map(int, numbers)), *_suffix(rest.lower()), dated=date is not None)


@lru_cache(maxsize=CACHED)
def sort_key(name: str) -> SortKey:
    """Words first, then commits, then numbered names by group and release; equal for equal names only.

    A suffix ranks below the bare release (`1.0-rc1`, then `1.0-alpine`, then `1.0`) unless it says that it comes later
    (`1.0-post1`, git's `v1.0-4-gabc1234`).
    """
    parts = _parse(name)
    if parts is None:
        return (1 if _COMMIT.fullmatch(name) else 0), name.lower(), (), 0, (), name
    return 2, parts.group, parts.release, parts.stage, parts.mark + parts.flavour, name


def _is_full(parts: Parts) -> bool:
    """Whether a name is so precise that it should stay put.

    Three or more parts, a date, a build number (five digits, or `build-9`) or a numbered suffix (`1.0-rc1`, `1.0-2`);
    but not what ends in `latest`, `nightly`, `SNAPSHOT` and the like.
    """
    suffix = parts.mark + parts.flavour
    if suffix and suffix[-1][2] in DRIFTING:
        return False
    if len(parts.release) >= 3 or parts.dated or parts.release[0] >= LEAST_BUILD_NUMBER:
        return True
    numbered = len(parts.mark) > 1 or bool(suffix and not suffix[0][0])
    return numbered or parts.group in BUILDS


def _is_two_parts(parts: Parts) -> bool:
    """`2.1` and `v2.1`: where nobody writes a third part, this is as full as a version gets."""
    return len(parts.release) == 2 and not (parts.group or parts.mark or parts.flavour)


def _is_meant_to_move(parts: Parts) -> bool:
    """Whether a name that is no full version says by its words that it moves."""
    suffix = parts.mark + parts.flavour
    if suffix and suffix[-1][2] in FLOATING:
        return True
    words = set(_TOKEN.findall(parts.group))
    is_place = parts.group in PLACES and not suffix and len(parts.release) == 1 and parts.release[0] < 100
    return is_place or not words.isdisjoint(FLOATING | BRANCHES)


def _line(parts: Parts) -> tuple[str, Suffix]:
    """What a partial version and the longer ones it may point to have in common: group, and the words of the suffix."""
    suffix = parts.mark + parts.flavour
    return parts.group, suffix if suffix and not suffix[0][0] else _words(suffix)


def roles(digests: Mapping[str, str | None], moved: Collection[str] = ()) -> dict[str, Role]:
    """The role of every tag of one repository, by behaviour first and by name second.

    `digests` holds all its tags (None: the image is missing), `moved` the tags that were seen with two digests.
    The first rule that fits wins:

    1. A signature, attestation or referrer tag is an attachment.
    2. What shares its digest with a longer version of its line points to it: `1.2` = `1.2.7`, `1.0.3` = `1.0.3.12`.
    3. A name without digits is a pointer, and one whose words say so: `v2-latest`, `2.1-nightly`, `pr-17`, `qa2`.
    4. One or two parts are a pointer as soon as longer siblings exist: `1` with `1.2`, `python3` with `python3.11`.
    5. A full version, and plain two parts that nothing longer continues (`2.1`), stay versions even when they moved:
       they were rebuilt. Anything else that moved is a pointer for good.
    6. What is left is a version (`stable-2.0`, `ltsc2022`): if that is wrong, its first move puts it right.
    """
    moved = frozenset(moved)
    found: dict[str, Role] = {}
    open_to: list[tuple[str, Place]] = []
    on_digest = Counter(digests.values())
    for name, digest in digests.items():
        found[name], parts = _alone(name, name in moved)
        if parts is None:
            continue
        if len(parts.release) < 3 and not _is_full(parts):
            open_to.append((name, (_line(parts), parts.release, None)))
        if digest is not None and on_digest[digest] > 1:
            open_to.append((name, (_line(parts), parts.release, digest)))
    outgrown = _outgrown(digests, {place for _name, place in open_to})
    found.update((name, Role.POINTER) for name, place in open_to if place in outgrown)
    return found


def _alone(name: str, moved: bool) -> tuple[Role, Parts | None]:
    """The role a name has without its siblings; its parts where siblings could change that."""
    if _ATTACHMENT.fullmatch(name):
        return Role.ATTACHMENT, None
    parts = _parse(name)
    if parts is None:
        return (Role.VERSION if _COMMIT.fullmatch(name) else Role.POINTER), None
    if not _is_full(parts) and ((moved and not _is_two_parts(parts)) or _is_meant_to_move(parts)):
        return Role.POINTER, None
    return Role.VERSION, parts


def _outgrown(digests: Mapping[str, str | None], places: set[Place]) -> set[Place]:
    """Those of `places` that a longer version continues; names are read twice, not a million held parsed."""
    outgrown: set[Place] = set()
    for name, digest in digests.items():
        parts = _alone(name, moved=False)[1] if places else None
        if parts is None:
            continue
        line = _line(parts)
        for length in range(1, min(len(parts.release), MOST_PARTS)):
            start = parts.release[:length]
            outgrown.update(places.intersection(((line, start, None), (line, start, digest))))
    return outgrown


class Clarity(IntEnum):
    """How well people can tell from a name which version it is; `DATE` stands for build numbers too."""

    WORD = 0
    HASH = 1
    DATE = 2
    GROUPED = 3
    PLAIN = 4


@lru_cache(maxsize=CACHED)
def _rank(name: str) -> tuple[Clarity, int, bool, bool, SortKey]:
    """How well a version names an image: the highest is shown."""
    parts = _parse(name)
    key = sort_key(name)
    if parts is None:
        return Clarity.HASH if _COMMIT.fullmatch(name) else Clarity.WORD, len(name), False, False, key
    if parts.dated or parts.release[0] >= LEAST_BUILD_NUMBER:
        clarity = Clarity.DATE
    else:
        clarity = Clarity.GROUPED if parts.group else Clarity.PLAIN
    return clarity, len(parts.release), parts.stage is not Stage.BEFORE, not parts.flavour, key


def shown_versions(names: Iterable[str]) -> list[str]:
    """The names to show of those on one digest, lowest first: one, or one of each of two unrelated lines."""
    names = set(names)
    if len(names) < 2:
        return list(names)
    ranks = {name: _rank(name) for name in names}
    best = heapq.nlargest(MOST_WEIGHED, names, key=ranks.__getitem__)
    clarity = ranks[best[0]][0]
    rivals = [name for name in best if ranks[name][0] is clarity]
    if clarity is not Clarity.PLAIN or len(rivals) < 2:
        return rivals[:1]
    shown: list[str] = []
    while rivals and len(shown) < MOST_SHOWN:
        shown.append(rivals[0])
        kin = rivals[:1]
        for known in kin:  # grows while it is walked: the kin of kin are kin
            kin += [name for name in rivals if name not in kin and _related(known, name)]
        rivals = [name for name in rivals if name not in kin]
    return sorted(shown, key=sort_key)


def _related(name: str, other: str) -> bool:
    """Whether two names of one image differ in their number of parts or in their suffix, but not in both."""
    one, two = _parse(name), _parse(other)
    if one is None or two is None:
        return False
    length = min(len(one.release), len(two.release))
    return one.release == two.release or (_line(one) == _line(two) and one.release[:length] == two.release[:length])


def display_version(names: Iterable[str]) -> str | None:
    """What to call an image that has these version tags: the most specific; None without any.

    Plain numbers win over numbers with a word before, these over dates and build numbers, these over hashes; then more
    parts over fewer, a release over its pre-releases, no flavour over one. Plain numbers that are unrelated (different
    releases, as 1.4 and 2024.01, or differing in parts and suffix at once, as 2.0 and 2.0.0-final, with no third name
    to link them) are joined, at most two: "2.0 = 2.0.0-final". At most 259 characters.
    """
    return _JOINED.join(shown_versions(names)) or None


def names_in(version: str | None) -> list[str]:
    """The names that `display_version` joined to this one, each of which is a tag; none in no version."""
    return version.split(_JOINED) if version else []


# 2, 2.1, v3-alpine: such a pointer follows the newest build by itself, people move the others.
PARTIAL = r"^v?[0-9]"


def is_floating(pointer: str) -> bool:
    """Whether a pointer is a version that is not whole, and so says nothing beside another image's."""
    return re.match(PARTIAL, pointer) is not None


def is_deployment(pointer: str) -> bool:
    """Whether a pointer is called as most are: production, qa2, eu-staging."""
    return not DEPLOYMENTS.isdisjoint(_TOKEN.findall(pointer.lower()))


def image_name(versions: Iterable[str], pointers: Iterable[str] = ()) -> str | None:
    """What to call an image by all tags on it: its version tags or, without any, a version that is not whole.

    1.3 is one as soon as there is a 1.3.1, and what it points to is still called so.
    """
    return display_version(versions) or display_version(filter(is_floating, pointers))


def also_known_as(names: Iterable[str]) -> list[str]:
    """The version tags that `display_version` leaves out, lowest first."""
    names = set(names)
    return sorted(names.difference(shown_versions(names)), key=sort_key)


def _compare(one: Parts, other: Parts) -> int | None:
    """Positive when `other` is higher, negative when lower, 0 when they say the same, None when order cannot tell.

    It cannot tell between groups, between counted and dated releases (1.9, 2024.1), or between flavours of one release.
    """
    counted = one.release[0] < LEAST_YEAR, other.release[0] < LEAST_YEAR
    build_numbers = len(one.release) == len(other.release) == 1
    if one.group != other.group or (counted[0] != counted[1] and not build_numbers):
        return None
    here, there = _position(one), _position(other)
    if here[0] == there[0] and (
        _words(one.flavour) != _words(other.flavour) or bool(one.flavour) != bool(other.flavour)
    ):
        return None
    return (there > here) - (there < here)


def _position(parts: Parts) -> tuple[Release, Stage, tuple[Token, ...], tuple[Token, ...]]:
    """Where a version stands among those of its group; 2.0 and 2.0.0 stand at the same place."""
    stage = parts.stage if parts.mark else Stage.RELEASE
    return _without_zeros(parts.release), stage, parts.mark, parts.flavour


def _without_zeros(release: Release) -> Release:
    """2.0.0 is 2."""
    while len(release) > 1 and not release[-1]:
        release = release[:-1]
    return release


def _comparisons(one: str, other: str) -> list[tuple[Parts, Parts, int]]:
    """Each name of one displayed version against each of the other, where one is higher."""
    pairs = ((_parse(here), _parse(there)) for here in names_in(one) for there in names_in(other))
    found = ((here, there, _compare(here, there)) for here, there in pairs if here and there)
    return [(here, there, sign) for here, there, sign in found if sign]


def direction(from_version: str | None, to_version: str | None, *, been_there: bool) -> Direction:
    """Which way a pointer moved; takes what `display_version` gave, joined names too.

    Order decides where it can: from 2.0 to 2.1 is forward even after a roll-back from 2.1. Where it cannot (no version
    on a side, other groups or flavours, hashes, the same version, joined names that disagree), a digest it pointed to
    before (`been_there`) makes it a roll-back, any other a change.
    """
    signs = {sign for _, _, sign in _comparisons(from_version or "", to_version or "")}
    if signs == {1}:
        return Direction.FORWARD
    return Direction.ROLLBACK if signs == {-1} or been_there else Direction.CHANGED


def versions_between(a: str, b: str, images: Iterable[Iterable[str]]) -> int:
    """How many versions `b` is ahead of `a`, itself included; negative when behind, 0 when order cannot tell.

    `images` are the names of one image each, of which the highest that counts does. Counts what has the group and
    flavour of the higher one, names of the same release (`v2.1`, `2.1.0`) once, no other name of both ends' images, and
    no pre-release but the higher one itself.
    """
    comparisons = _comparisons(a, b)
    signs = {sign for _, _, sign in comparisons}
    if signs != {1} and signs != {-1}:
        return 0
    low, high, sign = comparisons[-1]
    if sign < 0:
        low, high = high, low
    steps = {_position(high)}
    for names in images:
        every = [parts for name in names if (parts := _parse(name))]
        if low in every or high in every:
            continue
        counted = (_position(parts) for parts in every if _is_between(low, parts, high))
        steps.update(sorted(counted)[-1:])
    return sign * len(steps)


def _is_between(low: Parts, parts: Parts, high: Parts) -> bool:
    if parts.mark and parts.stage is Stage.BEFORE:
        return False
    return _words(parts.flavour) == _words(high.flavour) and _compare(low, parts) == _compare(parts, high) == 1


def within(images: Iterable[Collection[str]], ends: Iterable[str]) -> list[Collection[str]]:
    """Those of `images` that `versions_between` could count between any two of the displayed versions `ends`."""
    releases = [parts.release for end in ends for name in names_in(end) if (parts := _parse(name))]
    if not releases:
        return []
    # 2 stands where 2.0 does, and before it in the order of tuples.
    low, high = min(map(_without_zeros, releases)), max(releases)
    every = ((names, map(_parse, names)) for names in images)
    return [names for names, parts in every if any(one and low <= one.release <= high for one in parts)]
