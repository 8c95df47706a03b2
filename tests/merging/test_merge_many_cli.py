"""``crmkit merge many``: the pairs of a file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.product import Product
from crmkit.runtime.crm import Crm
from tests.cli.conftest import Run, _folder, run

__all__ = ["_folder", "run"]

NAMES = ("Quick Stop", "Quick-Stop", "QUICK STOP", "Horst Kloss", "Kloss Ltd", "Pump")


@pytest.fixture(params=["sqlite", "postgres"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _folder: None
) -> dict[str, str]:
    """Three customers that are one, a person, another organization and a product; ids by names."""
    address = (
        f"sqlite:///{tmp_path / 'shop.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    )
    monkeypatch.setenv("CRMKIT_DB", address)
    monkeypatch.chdir(tmp_path)
    made = [Customer(name=name, kind="organization") for name in NAMES[:3]]
    made += [Customer(name=NAMES[3]), Customer(name=NAMES[4], kind="organization")]
    pump = Product(sku="P-1", name=NAMES[5])
    with Crm.open(address, plugins=[]) as crm, crm.session() as session:
        session.add(*made, pump)
        session.add(ContactPoint(customer_id=made[1].id, kind="email", value="stop@quick.example"))
    return {record.name: str(record.id) for record in (*made, pump)}


def write(path: Path, *rows: tuple[str, ...]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return str(path)


def test_pairs_are_merged_and_what_is_wrong_comes_back_to_be_mended(
    run: Run, shop: dict[str, str], tmp_path: Path
) -> None:
    file = write(
        tmp_path / "pairs.csv",
        ("kept", "lost", "remark"),
        ("Quick Stop", "stop@quick.example", "same shop"),
        (shop["Quick Stop"], shop["QUICK STOP"], ""),
        ("Quick Stop", "Kloss Ldt", "typing error"),
        ("Quick Stop", "Horst Kloss", "a person"),
        ("Kloss Ltd", "", ""),
    )
    looked = run("merge", "many", file, "--preview", "--json")
    told = json.loads(looked.stdout)
    assert [pair["error"] is None for pair in told] == [True, True, False, False, False]
    assert [pair["references"] for pair in told[:2]] == [1, 0]
    assert (run("count", "customer").stdout, run("merge", "list", "--json").stdout.strip()) == ("5\n", "[]")

    done = run("merge", "many", file)
    assert done.exit_code == 3
    assert "2 merged" in done.stderr
    assert "3 rejected rows: pairs-errors" in done.stderr.replace("\n", "")
    assert run("count", "customer").stdout == "3\n"

    mended = tmp_path / "pairs-errors" / "pairs.csv"
    with mended.open(encoding="utf-8-sig", newline="") as read:
        rows = list(csv.DictReader(read))
    assert [row["lost"] for row in rows] == ["Kloss Ldt", "Horst Kloss", ""]
    assert [row["crmkit_line"] for row in rows] == ["4", "5", "6"]
    assert rows[0]["remark"] == "typing error"
    assert "Kloss Ldt" in rows[0]["crmkit_error"]
    assert "Horst Kloss" in rows[1]["crmkit_error"]
    mended.write_text(mended.read_text(encoding="utf-8-sig").replace("Kloss Ldt", "Kloss Ltd"), encoding="utf-8")
    again = run("merge", "many", str(mended), "--json")
    assert again.exit_code == 3
    report = json.loads(again.stdout)
    assert (report["rows"], report["merged"], report["rejected"]) == (3, 1, 2)
    assert report["error_files"] == ["pairs-errors-2/pairs.csv"]
    assert run("count", "customer").stdout == "2\n"


def test_doing_it_again_passes_over_what_is_merged(run: Run, shop: dict[str, str], tmp_path: Path) -> None:
    file = write(tmp_path / "pairs.csv", ("survivor", "merged"), (shop["Quick Stop"], shop["Quick-Stop"]))
    assert json.loads(run("merge", "many", file, "--json").stdout)["merged"] == 1
    write(
        tmp_path / "pairs.csv",
        ("survivor", "merged"),
        (shop["Quick Stop"], shop["Quick-Stop"]),
        (shop["Quick-Stop"], shop["QUICK STOP"]),
    )
    report = json.loads(run("merge", "many", file, "--json").stdout)
    assert (report["merged"], report["one_already"], report["rejected"]) == (1, 1, 0)
    third = run("merge", "many", file)
    assert (third.exit_code, "0 merged, 2 were one record already" in third.stderr) == (0, True)
    assert len(json.loads(run("merge", "list", "--json").stdout)) == 2


def test_customers_are_known_by_the_names_that_they_had(run: Run, shop: dict[str, str], tmp_path: Path) -> None:
    file = write(
        tmp_path / "pairs.csv",
        ("kept", "lost"),
        ("Quick Stop", "Quick-Stop"),
        ("Quick-Stop", "QUICK STOP"),
        ("QUICK STOP", "Quick Stop"),
    )
    first = json.loads(run("merge", "many", file, "--json").stdout)
    assert (first["merged"], first["one_already"], first["rejected"]) == (2, 1, 0)
    second = json.loads(run("merge", "many", file, "--json").stdout)
    assert (second["merged"], second["one_already"], second["rejected"]) == (0, 3, 0)
    assert [pair["one_already"] for pair in json.loads(run("merge", "many", file, "--preview", "--json").stdout)] == [
        True,
        True,
        True,
    ]
    assert run("customer", "show", "Quick-Stop").exit_code == 4


def test_what_duplicates_finds_can_be_merged(run: Run, shop: dict[str, str], tmp_path: Path) -> None:
    found = run("duplicates", "--threshold", "0.4", "--json")
    suspects = json.loads(found.stdout)
    assert {shop["Quick Stop"], shop["Quick-Stop"]} in [{pair["first_id"], pair["second_id"]} for pair in suspects]
    (tmp_path / "suspects.json").write_text(found.stdout, encoding="utf-8")
    report = json.loads(run("merge", "many", "suspects.json", "--json").stdout)
    assert report["merged"] >= 1
    assert report["merged"] + report["one_already"] == len(suspects)


def test_other_records_are_named_by_their_ids(run: Run, shop: dict[str, str], tmp_path: Path) -> None:
    file = write(tmp_path / "pairs.csv", ("kept", "lost"), (shop["Pump"], shop["Pump"]), ("Pump", shop["Pump"]))
    done = run("merge", "many", file, "--entity", "product", "--json")
    report = json.loads(done.stdout)
    assert (done.exit_code, report["one_already"], report["rejected"]) == (3, 1, 1)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("pairs.csv", "a,b\n1,2\n", "no column kept / kept_id / survivor / first_id (columns: a, b)"),
        ("pairs.csv", "kept,b\n1,2\n", "no column lost / lost_id / merged / second_id (columns: kept, b)"),
        ("pairs.pdf", "x", "pairs.pdf"),
    ],
)
def test_a_file_without_pairs_is_refused(
    run: Run, shop: dict[str, str], tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    refused = run("merge", "many", name)
    assert refused.exit_code == 3
    assert told in refused.stderr.replace("\n", " ")
    assert not (tmp_path / "pairs-errors").exists()


def test_it_takes_the_right_to_work_in_bulk(run: Run, shop: dict[str, str], tmp_path: Path) -> None:
    assert run("user", "add", "anna").exit_code == 0
    assert run("role", "add", "editor").exit_code == 0
    for action in ("read", "update", "merge"):
        assert run("access", "grant", "editor", "customer", action, "all").exit_code == 0
    assert run("role", "give", "anna", "editor").exit_code == 0
    file = write(tmp_path / "pairs.csv", ("kept", "lost"), (shop["Quick Stop"], shop["Quick-Stop"]))
    refused = run("--as", "anna", "merge", "many", file)
    assert (refused.exit_code, "bulk" in refused.stderr) == (5, True)
    assert run("access", "grant", "editor", "customer", "bulk", "all").exit_code == 0
    assert run("--as", "anna", "merge", "many", file).exit_code == 0
