from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crmkit.cli.demo_company import DATA, load
from crmkit.runtime.crm import Crm

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crm]:
    """The demonstration company, loaded into a file."""
    path: Path = tmp_path_factory.mktemp("demo") / "demo.db"
    with Crm.open(f"sqlite:///{path}", plugins=[]) as crm:
        assert load(crm)
        yield crm


@pytest.fixture(scope="session")
def rows() -> Callable[[str], Rows]:
    """Read one of the company's files."""

    def read(name: str) -> Rows:
        with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read
