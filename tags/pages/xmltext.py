"""Text that may stand in XML: some characters may not, however they are written."""

from __future__ import annotations

import re

FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def xml_text(text: str) -> str:
    """The text with a mark in the place of each character that would make a whole document unreadable."""
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
