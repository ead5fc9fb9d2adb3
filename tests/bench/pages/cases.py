"""The pages that are measured, and how fast they are to be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """`expects` stands on the page when it shows what it should: an empty page would be quick for nothing.

    `server` is the budget in milliseconds for 95 of 100 requests, `content` the one until something is seen in
    Chromium; None: nobody set one. A server's budget with `only_on` holds for that database alone.
    """

    fill: str
    label: str
    path: str
    expects: str
    server: int | None = None
    content: int | None = None
    only_on: str = ""


FLEET = "harbor.example.com/shop/fleet"
CASES = (
    Case("board", "500 images x 10 pointers", "/", "shop/app-000", server=150),
    Case("board", "of these, those with 042", "/?q=app-042", "shop/app-042"),
    Case("repository", "10,000 tags", "/harbor.example.com/shop/monolith/", "10.49.7", server=200, content=500),
    Case("repository", "by pointer", "/harbor.example.com/shop/monolith/?by=pointer", "production"),
    Case("timeline", "50 lanes, 10,000 movements", f"/movements/{FLEET}/?span=all", "production-berlin", server=300),
    Case("timeline", "the same among all images", "/movements/?span=all", "production-berlin", server=300),
    Case("tag", "100,000 movements", "/harbor.example.com/shop/busy:nightly/", "nightly"),
    Case("tag", "of these, all time", "/harbor.example.com/shop/busy:nightly/?span=all", "nightly"),
    Case("search", "a repository's name", "/search/?q=service-0417", "service-0417", server=200, only_on="postgresql"),
    Case("search", "one version of many", "/search/?q=17.13.3", "17.13.3", server=200, only_on="postgresql"),
    Case("search", "part of many names", "/search/?q=alpine", "alpine", server=200, only_on="postgresql"),
    Case("search", "a pointer of all", "/search/?q=production", "production", server=200, only_on="postgresql"),
    Case("search", "a digest's beginning", "/search/?q=sha256:0a1b", "sha256:0a1b", server=200, only_on="postgresql"),
    Case("search", "nothing like it", "/search/?q=prodction", "prodction", server=200, only_on="postgresql"),
)
FILLS = tuple(dict.fromkeys(case.fill for case in CASES))
