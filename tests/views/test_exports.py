from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from tags.views.asking import BadAddress
from tags.views.exports import export, export_format, harmless
from tests.factories import example

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.http import StreamingHttpResponse
    from django.test import Client

MOMENT = dt.datetime(2026, 5, 15, 14, 0, 3, tzinfo=dt.timezone(dt.timedelta(hours=2)))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def body(response: StreamingHttpResponse) -> str:
    return b"".join(response.streaming_content).decode()  # type: ignore[arg-type]


def cells(rows: Sequence[Sequence[object]], columns: Sequence[str] = ("tag", "digest")) -> list[list[str]]:
    text = body(export("csv", "board", columns, rows))
    assert text.count("\r\n") > len(rows)
    return list(csv.reader(io.StringIO(text, newline="")))


def items(rows: Sequence[Sequence[object]], columns: Sequence[str] = ("tag", "digest")) -> Any:
    return json.loads(body(export("json", "board", columns, rows)))


def asked(query: str) -> str:
    return export_format(RequestFactory().get(f"/?{query}"))


def test_only_what_there_is_may_be_asked_for() -> None:
    assert asked("") == ""
    assert asked("format=csv") == "csv"
    assert asked("format=json") == "json"
    with pytest.raises(BadAddress, match="xlsx"):
        asked("format=xlsx")


class TestTheAnswer:
    def test_is_streamed_row_by_row(self) -> None:
        given_out: list[int] = []

        def rows() -> Iterator[tuple[int]]:
            for number in range(100_000):
                given_out.append(number)
                yield (number,)

        response = export("csv", "many", ["number"], rows())
        assert response.streaming
        chunks = iter(response)
        for _line in range(5):
            next(chunks)
        assert len(given_out) < 10

    @pytest.mark.parametrize(
        ("format_", "content_type"), [("csv", "text/csv; charset=utf-8"), ("json", "application/json")]
    )
    def test_is_a_file_of_its_type(self, format_: str, content_type: str) -> None:
        response = export(format_, "board", ["tag"], [])
        assert response.headers["Content-Type"] == content_type
        assert response.headers["Content-Disposition"] == f'attachment; filename="board.{format_}"'

    @pytest.mark.parametrize(
        ("name", "file"),
        [
            ("registry.example.com:5000/shop/app", "registry.example.com-5000-shop-app"),
            ('a"; filename="evil.exe', "a-filename-evil.exe"),
            ("../../etc/passwd", "etc-passwd"),
            ("a\r\nSet-Cookie: b", "a-Set-Cookie-b"),
            ("größe", "gr-e"),
            ("", "export"),
            ("...", "export"),
            ("a" * 500, "a" * 120),
        ],
    )
    def test_has_a_name_that_is_safe_everywhere(self, name: str, file: str) -> None:
        assert export("csv", name, ["tag"], []).headers["Content-Disposition"] == f'attachment; filename="{file}.csv"'

    def test_that_fails_at_once_fails_as_a_page_does(self) -> None:
        def rows() -> Iterator[tuple[str]]:
            raise RuntimeError("the database is gone")
            yield ("never",)

        with pytest.raises(RuntimeError):
            export("csv", "board", ["tag"], rows())

    def test_that_fails_later_is_cut_off_and_nobody_takes_it_for_whole(self) -> None:
        def rows() -> Iterator[tuple[str]]:
            yield ("production",)
            raise RuntimeError("the database is gone")

        told = []
        with pytest.raises(RuntimeError):
            told.extend(export("json", "board", ["tag"], rows()))
        with pytest.raises(json.JSONDecodeError):
            json.loads(b"".join(told))


class TestCSV:
    def test_begins_with_the_names_of_the_columns(self) -> None:
        assert cells([]) == [["tag", "digest"]]

    def test_keeps_commas_quotes_and_lines_as_rfc_4180_says(self) -> None:
        text = 'one, "two"\r\nthree'
        assert body(export("csv", "b", ["a", "b"], [(text, "x")])) == 'a,b\r\n"one, ""two""\r\nthree",x\r\n'
        assert cells([(text, "x")])[1] == [text, "x"]

    def test_says_times_in_utc_nothing_as_nothing_and_several_in_one_cell(self) -> None:
        assert cells([(MOMENT, None), (("2.1", "stable"), ["a"])])[1:] == [
            ["2026-05-15T12:00:03Z", ""],
            ["2.1, stable", "a"],
        ]

    def test_a_number_stays_a_number(self) -> None:
        assert cells([(-1, 10**30)])[1] == ["-1", "1" + "0" * 30]

    @pytest.mark.parametrize(
        "formula",
        [
            "=cmd|' /C calc'!A0",
            "+1+1",
            "-2+3",
            "@SUM(A1)",
            "\t=1+1",
            "\r=1+1",
            "\n=1+1",
            "  =1+1",
            "\u00a0=1+1",
            "\ufeff=1+1",
            '"=1+1',
            "'=1+1",
            "\uff1d1+1",
            "\uff0b1",
            "\uff0d1",
            "\uff20SUM(A1)",
        ],
    )
    def test_no_cell_is_run_by_a_spreadsheet(self, formula: str) -> None:
        told = cells([(formula, [formula])])[1]
        assert all(cell.startswith("'") for cell in told)
        assert told[0].replace("'", "") == formula.replace("'", "")

    def test_no_cell_is_run_where_a_spreadsheet_splits_at_semicolons(self) -> None:
        assert harmless("source;=cmd()") == "source;'=cmd()"
        assert harmless("a\t =1;\u200b@b") == "a\t' =1;'\u200b@b"

    @pytest.mark.parametrize("text", ["2.1", "a-b", "a=b", "me@example.com", "sha256:ab", "", "1+1", "a; b"])
    def test_what_is_harmless_stays_as_it_is(self, text: str) -> None:
        assert harmless(text) == text

    @given(TEXTS)
    def test_whatever_a_cell_holds_nothing_of_it_is_a_formula(self, text: str) -> None:
        told = harmless(text)
        assert not told.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        assert not [cell for cell in re.split("[;\t]", told) if cell.strip().startswith(("=", "+", "-", "@"))]
        assert told.replace("'", "") == text.replace("'", "")

    @given(st.lists(st.tuples(TEXTS, TEXTS)))
    def test_there_are_as_many_rows_and_cells_as_there_were(self, rows: list[tuple[str, str]]) -> None:
        told = cells(rows)
        assert [len(row) for row in told] == [2] * (len(rows) + 1)

    def test_control_characters_are_shown_and_not_sent(self) -> None:
        assert cells([("a\x00b\x1b[31m", "\x7f")])[1] == ["a\ufffdb\ufffd[31m", "\ufffd"]

    def test_a_long_cell_of_blanks_takes_no_time(self) -> None:
        assert len(harmless("\t" * 100_000)) == 100_001


class TestJSON:
    @pytest.mark.parametrize("number", [0, 1, 2, 1000])
    def test_is_one_list_of_any_length(self, number: int) -> None:
        assert items([(str(row), None) for row in range(number)]) == [
            {"tag": str(row), "digest": None} for row in range(number)
        ]

    def test_says_each_value_as_what_it_is(self) -> None:
        (item,) = items([(MOMENT, ("2.1", "stable"))])
        assert item == {"tag": "2026-05-15T12:00:03Z", "digest": ["2.1", "stable"]}

    def test_keeps_huge_numbers_and_every_letter(self) -> None:
        (item,) = items([(2**80, 'größe 版 🚢 \u2028 \\ " </script>')])
        assert item == {"tag": 2**80, "digest": 'größe 版 🚢 \u2028 \\ " </script>'}

    def test_leaves_formulas_alone_for_no_program_runs_them(self) -> None:
        assert items([("=1", "x")]) == [{"tag": "=1", "digest": "x"}]

    def test_half_of_a_letter_does_not_break_it(self) -> None:
        assert items([("\ud83d", "x")]) == [{"tag": "\ufffd", "digest": "x"}]

    @given(st.lists(st.tuples(TEXTS, st.integers() | st.booleans() | st.none())))
    def test_is_valid_whatever_it_holds(self, rows: list[tuple[object, object]]) -> None:
        assert len(items(rows)) == len(rows)


@pytest.mark.django_db
def test_of_a_moment_that_nobody_watched_there_is_no_file_but_the_reason(client: Client) -> None:
    repository = example()
    for address in (repository.get_absolute_url(), repository.matrix_url):
        response = client.get(f"{address}?at=2020-01-01&format=csv")
        assert response.status_code == 404
        assert response.text.startswith("Not known: not watched before 15 May 2026")
