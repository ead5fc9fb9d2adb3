"""What people come to ask: whoever has only the pages finds each answer in at most two clicks from the board."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_past"),
]


class Board:
    """The board, and how often somebody who began there has clicked."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.clicks = 0
        page.goto(address)

    def row(self, image: str) -> Locator:
        return self.page.locator("table.board tbody tr", has=self.page.get_by_role("link", name=image, exact=True))

    def cell(self, image: str, tag: str) -> Locator:
        return self.row(image).locator(f'td[data-label="{tag}"]')

    def click(self, place: Locator) -> None:
        self.clicks += 1
        assert self.clicks <= 2
        place.click()


@pytest.fixture
def board(page: Page, live_server: Any) -> Board:
    return Board(page, live_server.url)


def test_which_version_is_production(board: Board) -> None:
    expect(board.cell("shop/app", "production")).to_contain_text("2.0")


def test_when_did_it_move_there_and_from_what(board: Board) -> None:
    board.click(board.cell("shop/app", "production").get_by_role("link").first)
    told = board.page.locator(".move", has_text="production moved forward from 1.3 to 2.0")
    expect(told.locator("time").first).to_contain_text(re.compile(r"\d\d:\d\d"))
    expect(told).to_contain_text("still current")


def test_what_was_it_on_a_given_date(board: Board) -> None:
    board.click(board.page.locator("summary", has_text="Now"))
    then = board.page.evaluate("new Date(Date.now() - 15 * 864e5).toISOString().slice(0, 16)")
    board.page.get_by_label("Show how it was at").fill(then)
    board.click(board.page.get_by_role("button", name="Look"))
    expect(board.page.locator(".notice.then")).to_contain_text("You look at")
    expect(board.cell("shop/app", "production")).to_contain_text("1.3")


def test_has_a_version_ever_been_in_production(board: Board) -> None:
    board.click(board.page.get_by_role("link", name="shop/app", exact=True))
    board.click(board.page.get_by_role("navigation").get_by_role("link", name="Versions"))
    table = board.page.locator("table.matrix")
    expect(table).to_be_visible()  # what is read next waits for nothing
    columns = [heading.strip() for heading in table.locator("thead th").all_inner_texts()]
    for version, answer in {"2.1": "never seen there", "2.0": "is there now", "1.3": "was there"}.items():
        row = table.locator("tbody tr", has=board.page.get_by_role("rowheader", name=version, exact=True))
        expect(row.locator("th, td").nth(columns.index("production"))).to_contain_text(answer)


def test_which_other_tags_are_the_same_image(board: Board) -> None:
    board.click(board.page.get_by_role("link", name="shop/app", exact=True))
    same = board.page.locator("#results tbody", has_text="qatesting").first
    expect(same).to_contain_text("2.1")
    expect(same).to_contain_text("perftesting")


def test_is_what_i_see_fresh(board: Board) -> None:
    expect(board.row("shop/app").locator(".freshness")).to_contain_text(re.compile(r"Checked \d+ min ago"))
    expect(board.row("legacy/billing")).to_contain_text("No good look since")
    board.click(board.page.get_by_role("navigation", name="Pages").get_by_role("link", name="Registries"))
    expect(board.page.locator("main")).to_contain_text("timed out after 30 s")
