"""The page on testing a plugin: its files are a project whose tests pass, in a run that knows nothing of this one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crmkit.testing.postgres import ADDRESS_VARIABLE, PostgresServer

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "test-a-plugin.md"
FILES = re.findall(r"^```python file=(\S+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_tests_of_the_page_pass(
    project: pytest.Pytester, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADDRESS_VARIABLE, postgres_server.address)
    for name, text in FILES:
        Path(project.path, name).write_text(text, encoding="utf-8")
    written = sum(text.count("\ndef test_") for name, text in FILES if name.startswith("test_"))
    # One of them runs on two databases.
    project.runpytest_subprocess("-p", "crmkit.testing.plugin").assert_outcomes(passed=written + 1)
    assert written == 8


def test_the_tests_of_the_page_notice_a_plugin_that_does_nothing(project: pytest.Pytester) -> None:
    for name, text in FILES:
        Path(project.path, name).write_text(text.replace("@hookimpl", "@(lambda **_: lambda f: f)"), encoding="utf-8")
    result = project.runpytest_subprocess("-p", "crmkit.testing.plugin", "test_territory.py", "test_calls.py")
    result.assert_outcomes(passed=2, failed=3)
