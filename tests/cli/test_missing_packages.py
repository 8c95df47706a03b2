"""Packages that are an option of the installation: without them, the error names the extra to install."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def hide(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Make a package as good as not installed."""
    for name in list(sys.modules):
        if name.partition(".")[0] == package:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)


@pytest.mark.parametrize(
    ("package", "words", "code", "extra"),
    [
        ("psycopg", ["--db", "postgresql://crm@localhost/crm", "list", "customer"], 1, "crmkit[postgres]"),
        ("psycopg", ["--db", "postgresql://crm@localhost/crm", "db", "create"], 1, "crmkit[postgres]"),
        ("openpyxl", ["import", "book.xlsx", "--entity", "customer"], 3, "crmkit[excel]"),
        ("openpyxl", ["export", "customer", "-o", "out.xlsx"], 3, "crmkit[excel]"),
        ("vobject", ["import", "cards.vcf", "--entity", "customer"], 3, "crmkit[vcard]"),
        ("splink", ["duplicates"], 1, "crmkit[identity]"),
        ("pyarrow", ["duplicates"], 1, "crmkit[identity]"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_missing_package_is_named_with_its_extra(
    run: Run,
    shop: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    words: list[str],
    code: int,
    extra: str,
) -> None:
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04")
    (tmp_path / "cards.vcf").write_text("BEGIN:VCARD\nVERSION:4.0\nFN:Ada\nEND:VCARD\n", "utf-8")
    # Few customers are compared one by one, without Splink.
    monkeypatch.setattr("crmkit.services.identify.duplicates.SMALL", 1)
    hide(monkeypatch, package)
    result = run(*words)
    assert result.exit_code == code, result.stderr
    assert f"install {extra}" in result.stderr
    assert package in result.stderr.lower() or package == "pyarrow"
    assert "defect" not in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "out.xlsx").exists()


@pytest.mark.parametrize("package", ["psycopg", "openpyxl", "vobject", "splink", "pyarrow", "filelock", "pytest"])
def test_what_needs_no_option_works_without_it(
    run: Run, shop: str, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    hide(monkeypatch, package)
    assert run("count", "customer").stdout == "3\n"
    assert run("export", "customer", "--format", "vcard").stdout.count("BEGIN:VCARD") == 3
