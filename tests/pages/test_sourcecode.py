from __future__ import annotations

import pytest

from tags.pages.sourcecode import REVISION, SOURCE, Link, commit_link, compare_link, revision_of, source_of

A, B = "a" * 40, "b" * 40


def labels(source: str, revision: str = A) -> dict[str, str]:
    return {SOURCE: source, REVISION: revision}


def address(source: str) -> str | None:
    found = source_of({SOURCE: source})
    return found and found.address


@pytest.mark.parametrize(
    "written",
    [
        "https://github.com/shop/app",
        "https://github.com/shop/app/",
        "https://github.com/shop/app.git",
        "http://github.com/shop/app.git",
        "git@github.com:shop/app.git",
        "ssh://git@github.com/shop/app.git",
        "ssh://git@github.com:22/shop/app",
        "git://github.com/shop/app.git",
        "git+https://github.com/shop/app.git",
        "git+ssh://git@github.com/shop/app.git",
        "https://GitHub.com/shop/app",
        "https://github.com/shop/app/tree/main/docker",
        "https://github.com/shop/app.git#main:docker",
        "https://somebody:ghp_secret@github.com/shop/app.git",
        " https://github.com/shop/app\n",
    ],
)
def test_a_source_is_one_however_it_is_written(written: str) -> None:
    assert address(written) == "https://github.com/shop/app"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://gitlab.com/group/sub/app.git", "https://gitlab.com/group/sub/app"),
        ("https://gitlab.com/group/app/-/tree/main", "https://gitlab.com/group/app"),
        ("http://git.example.com:3000/shop/app", "http://git.example.com:3000/shop/app"),
        ("git@ssh.dev.azure.com:v3/shop/web/app", "https://dev.azure.com/shop/web/_git/app"),
        ("https://shop@dev.azure.com/shop/web%20site/_git/app", "https://dev.azure.com/shop/web%20site/_git/app"),
        ("shop@vs-ssh.visualstudio.com:v3/shop/web/app", "https://shop.visualstudio.com/web/_git/app"),
    ],
)
def test_other_hosts_have_addresses_of_their_own(written: str, read: str) -> None:
    assert address(written) == read


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "app",
        "javascript:alert(1)",
        "javascript://github.com/%0aalert(1)",
        "data:text/html,x",
        "//github.com/shop/app",
        "file:///etc/passwd",
        "https://github.com",
        "https://github.com/shop",
        "https://github.com/shop/../../login",
        'https://github.com/shop/"onclick=x',
        "https://github.com/shop/app name",
        "https://git hub.com/shop/app",
        "https://[::1",
        "https://github.com:99999999/shop/app",
        "https://github.com/shop/<b>",
        "https://github.com/shop/" + "a" * 1000,
        "https://dev.azure.com/shop/web",
        "https://github.com/shop/.git",
    ],
)
def test_what_is_no_address_of_a_source_makes_no_link(hostile: str) -> None:
    assert source_of({SOURCE: hostile}) is None
    assert commit_link(labels(hostile)) is None


def test_credentials_never_reach_a_link() -> None:
    link = commit_link(labels("https://user:secret@git.example.com.gitlab.example.com/shop/app"))
    assert link
    assert "secret" not in link.address
    assert "user" not in link.address


@pytest.mark.parametrize("revision", [A, "abc1234", "v1.2.0", "release/1.2", "1.0+build.3"])
def test_a_revision_looks_like_a_commit_or_a_tag(revision: str) -> None:
    assert revision_of({REVISION: revision}) == revision


@pytest.mark.parametrize(
    "revision",
    ["", "unknown", "HEAD", "a..b", "a b", "a'b", 'a"b', "<x>", "../x", "-x", "a1b2-dirty", "x" * 300, "a?b", "a//b"],
)
def test_what_is_no_revision_makes_no_link(revision: str) -> None:
    assert not revision_of({REVISION: revision})
    assert commit_link(labels("https://github.com/shop/app", revision)) is None


@pytest.mark.parametrize(
    ("source", "host", "commit", "comparison"),
    [
        (
            "https://github.com/shop/app", "GitHub",
            f"https://github.com/shop/app/commit/{A}",
            f"https://github.com/shop/app/compare/{A}...{B}",
        ),
        (
            "https://gitlab.com/shop/app", "GitLab",
            f"https://gitlab.com/shop/app/-/commit/{A}",
            f"https://gitlab.com/shop/app/-/compare/{A}...{B}",
        ),
        (
            "https://gitlab.example.com/shop/app", "gitlab.example.com",
            f"https://gitlab.example.com/shop/app/-/commit/{A}",
            f"https://gitlab.example.com/shop/app/-/compare/{A}...{B}",
        ),
        (
            "https://bitbucket.org/shop/app", "Bitbucket",
            f"https://bitbucket.org/shop/app/commits/{A}",
            f"https://bitbucket.org/shop/app/branches/compare/{B}%0D{A}",
        ),
        (
            "https://codeberg.org/shop/app", "Codeberg",
            f"https://codeberg.org/shop/app/commit/{A}",
            f"https://codeberg.org/shop/app/compare/{A}...{B}",
        ),
        (
            "http://forgejo.example.com:3000/shop/app", "forgejo.example.com:3000",
            f"http://forgejo.example.com:3000/shop/app/commit/{A}",
            f"http://forgejo.example.com:3000/shop/app/compare/{A}...{B}",
        ),
        (
            "https://dev.azure.com/shop/web/_git/app", "Azure DevOps",
            f"https://dev.azure.com/shop/web/_git/app/commit/{A}",
            f"https://dev.azure.com/shop/web/_git/app/branchCompare?baseVersion=GC{A}&targetVersion=GC{B}",
        ),
    ],
)  # fmt: skip
def test_each_host_has_its_own_pages(source: str, host: str, commit: str, comparison: str) -> None:
    assert commit_link(labels(source)) == Link(host, commit)
    assert compare_link(labels(source), labels(source, B)) == Link(host, comparison)


def test_azure_is_told_a_tag_from_a_commit() -> None:
    source = "https://dev.azure.com/shop/web/_git/app"
    link = compare_link(labels(source, "v1.0"), labels(source, B))
    assert link
    assert link.address.endswith(f"?baseVersion=GTv1.0&targetVersion=GC{B}")


def test_two_sources_or_one_commit_have_no_commits_between_them() -> None:
    assert compare_link(labels("https://github.com/shop/app"), labels("https://github.com/shop/cart", B)) is None
    assert compare_link(labels("https://github.com/shop/app"), labels("https://github.com/shop/app")) is None
    assert compare_link(labels("https://github.com/shop/app"), {}) is None


def test_one_source_written_in_two_ways_is_one() -> None:
    assert compare_link(labels("git@github.com:shop/app.git"), labels("https://github.com/shop/app", B))


class TestPatterns:
    source = "https://git.example.com/shop/app"

    def link(self, *patterns: tuple[str, str]) -> str | None:
        link = compare_link(labels(self.source), labels(self.source, B), patterns)
        return link and link.address

    def test_a_host_that_is_not_known_needs_one(self) -> None:
        assert self.link() is None
        assert commit_link(labels(self.source)) is None

    def test_it_is_filled_with_source_and_revisions(self) -> None:
        assert self.link(("https://git.example.com/", "{source}/log/?id={to}&since={from}")) == (
            f"https://git.example.com/shop/app/log/?id={B}&since={A}"
        )

    def test_the_longest_beginning_counts(self) -> None:
        patterns = (
            ("https://git.example.com/shop", "{source}/team/{from}/{to}"),
            ("https://git.example.com/", "{source}/all/{from}/{to}"),
        )
        assert self.link(*patterns) == self.link(*reversed(patterns)) == f"{self.source}/team/{A}/{B}"

    @pytest.mark.parametrize("prefix", ["https://git.example.co", "https://git.example.com/sho", ""])
    def test_a_beginning_ends_where_a_name_ends(self, prefix: str) -> None:
        assert self.link((prefix, "{source}/{from}/{to}")) is None

    def test_it_wins_over_what_is_known_of_a_host(self) -> None:
        self.source = "https://github.com/shop/app"
        link = self.link(("https://github.com/shop", "https://review.example.com/?a={from}&b={to}"))
        assert link == f"https://review.example.com/?a={A}&b={B}"

    def test_only_an_address_of_the_web_becomes_a_link(self) -> None:
        assert self.link(("https://git.example.com", "javascript:alert('{from}{to}')")) is None
