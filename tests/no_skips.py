"""A pytest plugin: in CI a skipped test is a failed one, for there everything it needs has to be installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return refuse_a_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return refuse_a_skip((yield))


def refuse_a_skip(report: Report) -> Report:
    expected_failure = hasattr(report, "wasxfail")
    if os.environ.get("CI") and report.skipped and not expected_failure:
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, and nothing may be in CI: {report.longrepr}"
    return report
