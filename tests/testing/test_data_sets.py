from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SMALL = Path(__file__).parents[1] / "data"


def columns(path: Path) -> object:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return text.splitlines()[0]
    tables = re.findall(r"^CREATE TABLE (\w+) \((.+?)^\);", text, re.DOTALL | re.MULTILINE)
    return {name: body.split() for name, body in tables}


@pytest.mark.parametrize("name", ["crm-sales-opportunities", "northwind"])
def test_the_small_data_sets_have_the_files_and_columns_of_the_chosen_ones(
    data_set: Callable[[str], Any], name: str
) -> None:
    chosen = data_set(name).folder
    files = sorted(path.name for path in chosen.iterdir() if path.suffix in (".csv", ".sql"))
    assert files == sorted(path.name for path in (SMALL / name).iterdir())
    for file in files:
        assert columns(SMALL / name / file) == columns(chosen / file)


def test_an_unknown_data_set_fails(data_set: Callable[[str], Any]) -> None:
    with pytest.raises(pytest.fail.Exception, match="the data set nowhere is missing"):
        data_set("nowhere")


def test_shared_data_holds_the_data_sets(data_set: Callable[[str], Any], shared_data: Path) -> None:
    assert data_set("northwind").folder == shared_data / "northwind"


def test_the_small_dump_loads_into_postgresql(postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute((SMALL / "northwind" / "northwind.sql").read_text(encoding="utf-8"))
        query = "SELECT company_name, count(*) FROM customers JOIN orders USING (customer_id) GROUP BY 1"
        assert sorted(connection.execute(query).fetchall()) == [("Björk & Søn", 1), ("Café d'Orsay", 1)]
