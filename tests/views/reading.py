"""A page as its readers get it: the text without markup, the SVG's bars."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from django.utils.html import strip_tags

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client


def text_of(response: HttpResponse) -> str:
    """The words of the page's main part, every run of white space one blank."""
    body = response.text.partition("<main")[2].partition(">")[2].partition("</main>")[0]
    body = re.sub(r"<title>.*?</title>", "", body)
    return " ".join(unescape(strip_tags(body.replace("<", " <"))).split())


def read(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address, follow=True)
    assert response.status_code == status, response.text
    return text_of(response)


def bars_of(response: HttpResponse) -> list[str]:
    """What each bar of the timeline is called."""
    return [unescape(name) for name in re.findall(r'<a class="bar" [^>]*aria-label="([^"]*)"', response.text)]


def rows_of(response: HttpResponse) -> list[str]:
    """The words of each row of the tables."""
    return [
        " ".join(unescape(strip_tags(row.replace("<", " <"))).split())
        for row in re.findall(r"<tr.*?</tr>", response.text.partition("<main")[2], re.DOTALL)
    ]
