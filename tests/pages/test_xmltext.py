from __future__ import annotations

import xml.etree.ElementTree as ET
from html import escape

from hypothesis import given
from hypothesis import strategies as st

from tags.pages.xmltext import xml_text


@given(st.text(st.characters()))
def test_whatever_the_text_a_document_that_holds_it_can_be_read(text: str) -> None:
    ET.fromstring(f"<a>{escape(xml_text(text))}</a>")


def test_what_xml_allows_stays() -> None:
    assert xml_text("2.1 größe 版 🚢\n\t<&>") == "2.1 größe 版 🚢\n\t<&>"
