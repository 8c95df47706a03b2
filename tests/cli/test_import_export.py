"""``crmkit import`` and ``crmkit export``: what they say, what they write and which exit code they leave with."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.staff import Role, User
from crmkit.runtime.crm import Crm
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
NORTHWIND = str(ROOT / "examples" / "imports" / "northwind.toml")
COLUMNS = "external_id,name,kind,country"
NEW = "sqlite:///new.db"


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a database that does not exist yet; it is the one that the program finds."""
    monkeypatch.setenv("CRMKIT_DB", NEW)
    return NEW


def customers(*rows: str, file: str = "customers.csv") -> str:
    """Write a file of customers into this folder and return its name."""
    Path(file).write_text("\n".join([COLUMNS, *rows, ""]), "utf-8")
    return file


def files() -> list[str]:
    """Return what is in this folder, but for what SQLite keeps beside an open database."""
    return sorted(str(path) for path in Path.cwd().rglob("*") if ".db-" not in path.name and "cache" not in path.parts)


def document(run: Run, *words: str, code: int = 0) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == code, result.stderr
    assert "Traceback" not in result.stderr
    return json.loads(result.stdout)


def names(run: Run) -> list[str]:
    return [record["name"] for record in document(run, "list", "customer", "--order", "name", "--fields", "name")]


# -- import ------------------------------------------------------------------------------------------------------------


def test_northwind_comes_in_once(run: Run, database: str, data_set: Callable[[str], Any]) -> None:
    data = data_set("northwind")
    words = ("import", str(data.folder), "--mapping", NORTHWIND)
    first = document(run, *words)
    assert (first["import"], first["rejected"], first["dry_run"], first["resumed"]) == ("northwind", 0, False, False)
    made = {entity: counts["created"] for entity, counts in first["records"].items()}
    if data.real:
        assert made == {
            "contact_point": 248,
            "customer": 182,
            "customer_relation": 91,
            "interaction": 830,
            "interaction_line": 2155,
            "interaction_participant": 830,
            "product": 77,
            "user": 9,
        }
    for entity in ("customer", "interaction_line", "user"):
        assert document(run, "count", entity)["count"] == made[entity] > 0
    second = document(run, *words)
    assert second["run"] != first["run"]
    assert second["rows"] == first["rows"]
    assert {name for counts in second["records"].values() for name, count in counts.items() if count} == {"unchanged"}
    assert [(r["state"], r["rows"]) for r in document(run, "import", "--list")] == [("finished", first["rows"])] * 2


@pytest.mark.parametrize("exists", [True, False], ids=["database", "no database"])
def test_a_dry_run_shows_the_difference_and_writes_nothing(run: Run, database: str, exists: bool) -> None:
    if exists:
        assert run("import", customers("1,Ada,person,DE"), "--entity", "customer").exit_code == 0
    file = customers("1,Ada,person,SE", "2,Bob,person,CN")
    before = files()
    result = run("import", file, "--entity", "customer", "--dry-run")
    assert result.exit_code == 0, result.stderr
    shown = [line.strip() for line in result.stdout.splitlines()]
    assert ("~ Customer: Ada" in shown) == ("Country: DE → SE" in shown) == exists
    assert ("+ Customer: Ada" in shown) == (not exists)
    assert "+ Customer: Bob" in shown
    assert "dry run of 2 rows: nothing was written" in result.stderr
    told = document(run, "import", file, "--entity", "customer", "--dry-run")
    assert told["run"] is None
    assert told["records"] == {"customer": {"created": 1, "updated": 1} if exists else {"created": 2}}
    assert files() == before
    if exists:
        assert document(run, "list", "customer", "--fields", "name,country") == [{"name": "Ada", "country": "DE"}]
        assert len(document(run, "import", "--list")) == 1


def test_a_dry_run_keeps_no_rejected_rows_unless_told_where(run: Run, database: str, tmp_path: Path) -> None:
    words = ("import", customers("1,Ada,person,XX"), "--entity", "customer", "--dry-run")
    assert run(*words).exit_code == 3
    assert not (tmp_path / "customers-errors").exists()
    assert run(*words, "--errors", "wrong").exit_code == 3
    assert "XX" in (tmp_path / "wrong" / "customers.csv").read_text("utf-8-sig")


def test_rejected_rows_are_named_mended_and_come_in(run: Run, database: str, tmp_path: Path) -> None:
    file = customers("1,Ada,person,DE", "2,Bob,persn,DE", "3,Cid,person,Atlantis")
    result = run("import", file, "--entity", "customer")
    assert result.exit_code == 3
    assert "customers, line 3: customer.kind: “persn” - one of person, organization, household" in result.stderr
    assert "customers, line 4: customer.country: “Atlantis”" in result.stderr
    assert "they stand in customers-errors/customers.csv" in result.stderr
    assert names(run) == ["Ada"]
    rejected = tmp_path / "customers-errors" / "customers.csv"
    rejected.write_text(rejected.read_text("utf-8").replace("persn,", "person,", 1), "utf-8")
    again = document(run, "import", "customers-errors/customers.csv", "--entity", "customer", code=3)
    assert [(error["source"], error["line"]) for error in again["errors"]] == [("customers", 3)]
    assert again["error_files"] == ["customers-errors-2/customers.csv"]
    last = tmp_path / "customers-errors-2" / "customers.csv"
    last.write_text(last.read_text("utf-8").replace("Atlantis,", "Sweden,", 1), "utf-8")
    mended = run("import", "customers-errors-2/customers.csv", "--entity", "customer")
    assert mended.exit_code == 0, mended.stderr
    assert "rejected" not in mended.stderr
    assert names(run) == ["Ada", "Bob", "Cid"]


def test_only_the_first_rejected_rows_are_told_one_by_one(run: Run, database: str) -> None:
    file = customers(*[f"{number},C{number},person,XX" for number in range(13)])
    said = run("import", file, "--entity", "customer").stderr
    assert said.count("line ") == 10
    assert "and 3 more" in said


def test_the_last_import_is_taken_back(run: Run, database: str) -> None:
    run("import", customers("1,Ada,person,DE", "2,Bob,person,DE"), "--entity", "customer")
    run("import", customers("1,Ada,person,SE", "3,Cid,person,DE", file="more.csv"), "--entity", "customer")
    listed = run("import", "--list").stdout
    assert "customers.csv" in listed
    assert "more.csv" in listed
    would = run("import", "--revert", "last", "--dry-run")
    assert "would delete 2 records, restore 1 and leave 0" in would.stdout
    assert names(run) == ["Ada", "Bob", "Cid"]
    assert run("import", "--revert", "last").exit_code == 0
    assert names(run) == ["Ada", "Bob"]
    [ada] = document(run, "list", "customer", "--filter", "name = Ada", "--fields", "country")
    assert ada == {"country": "DE"}
    states = {entry["name"]: entry["state"] for entry in document(run, "import", "--list")}
    assert states == {"customers": "finished", "more": "reverted"}
    told = document(run, "import", "--revert", "last")
    assert (told["name"], told["conflicts"]) == ("customers", 0)
    assert names(run) == []


INTERRUPT = """
import os, pathlib, signal

from crmkit.plugin import hookimpl


@hookimpl(entities=("customer",))
def guard_records(ctx, call):
    seen = pathlib.Path("chunks")
    seen.write_text((seen.read_text() if seen.exists() else "") + "+")
    if seen.read_text() == "++":
        # What starts the tests may have told its children to ignore the signal.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.kill(os.getpid(), signal.SIGINT)
"""
"""A plugin in whose second chunk somebody presses Ctrl-C."""


def test_ctrl_c_leaves_whole_chunks_and_the_same_command_goes_on(run: Run, database: str, tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "interrupting.py").write_text(INTERRUPT, "utf-8")
    (tmp_path / "crmkit.toml").write_text('plugin_folder = "plugins"\n', "utf-8")
    file = customers(*[f"{number},C{number},person,DE" for number in range(2_500)])

    def crmkit(*words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "crmkit", *words]
        surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(line, capture_output=True, text=True, env=surroundings, check=False)

    stopped = crmkit("import", file, "--entity", "customer")
    assert stopped.returncode == 130
    assert stopped.stderr == "interrupted; run the same command to go on\n"
    assert stopped.stdout == ""
    assert document(run, "count", "customer")["count"] == 1_000
    resumed = crmkit("import", file, "--entity", "customer", "--json")
    assert resumed.returncode == 0, resumed.stderr
    told = json.loads(resumed.stdout)
    assert (told["resumed"], told["rows"], told["records"]) == (True, 2_500, {"customer": {"created": 2_500}})
    assert document(run, "count", "customer")["count"] == 2_500


def test_a_user_imports_what_it_may_write(run: Run, shop: str) -> None:
    words = ("import", customers("1,Ada,person,DE"), "--entity", "customer", "--as", "anna")
    refused = run(*words)
    assert refused.exit_code == 5
    assert "anna may neither create nor update customer" in refused.stderr
    assert document(run, "count", "customer")["count"] == 3


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["import"], 2, "give a PATH to import, or --revert, or --list"),
        (["import", "customers.csv", "--list"], 2, "give a PATH to import, or --revert, or --list"),
        (["import", "customers.csv"], 2, "give either --mapping or --entity"),
        (["import", "customers.csv", "--entity", "custmer"], 3, "did you mean customer?"),
        (["import", "none.csv", "--entity", "customer"], 3, "none.csv cannot be read: No such file or directory"),
        (["import", "customers.doc", "--entity", "customer"], 3, "this kind of file is not understood"),
        (["import", "odd.csv", "--entity", "customer"], 3, "did you mean country?"),
        (["import", "keyless.csv", "--entity", "customer"], 3, "add one of the columns id, external_id"),
        (["import", "customers.csv", "--mapping", "none.toml"], 3, "none.toml cannot be read: No such file"),
        (["import", "customers.csv", "--mapping", "odd.csv"], 3, "odd.csv"),
        (["import", "--revert", "nonsense"], 3, "expected an id"),
        (["import", "--revert", "last"], 4, "there is no import that could be reverted"),
        (["export"], 2, "Missing argument"),
        (["export", "custmer"], 3, "did you mean customer?"),
        (["export", "customer", "--fields", "nme"], 3, "did you mean name?"),
        (["export", "customer", "--filter", "nme = 3"], 3, "did you mean name?"),
        (["export", "customer", "--format", "docx"], 2, "docx"),
        (["export", "customer", "--format", "xlsx"], 3, "a workbook needs a file to go to"),
        (["export", "product", "--format", "vcard"], 3, "only customers go into vCards, not product"),
        (["export", "customer", "-o", "x.pdf"], 3, "expected one of .csv, .xlsx, .jsonl, .ndjson, .vcf, .vcard"),
        (["export", "customer", "-o", "x"], 3, "its ending tells no format"),
        (["export", "customer", "--json"], 2, "name it with --output"),
        (["export", "customer", "-o", "nowhere/x.csv"], 3, "nowhere/x.csv cannot be written: No such file"),
        (["export", "customer", "--as", "anna"], 5, "anna may not export customer"),
        (["export", "customer", "--db", "sqlite:///none.db"], 6, "there is no database none.db"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_said(run: Run, shop: str, words: list[str], code: int, said: str) -> None:
    customers("1,Ada,person,DE")
    customers(file="customers.doc")
    Path("odd.csv").write_text("external_id,name,contry\n1,Ada,DE\n", "utf-8")
    Path("keyless.csv").write_text("name\nAda\n", "utf-8")
    before = files()
    result = run(*words)
    assert result.exit_code == code, result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert "defect" not in result.stderr
    assert result.stdout == ""
    assert files() == before
    assert document(run, "count", "customer")["count"] == 3


# -- export ------------------------------------------------------------------------------------------------------------


def test_a_csv_goes_to_the_standard_output_or_a_file(run: Run, shop: str, tmp_path: Path) -> None:
    asked = ("export", "customer", "--fields", "name,country", "--filter", "kind = organization")
    streamed = run(*asked)
    assert streamed.exit_code == 0
    assert streamed.stderr == ""
    assert streamed.stdout_bytes.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(streamed.stdout_bytes.decode("utf-8-sig"))))
    assert sorted(rows, key=lambda row: row["name"]) == [
        {"name": "QUICK-Stop", "country": "DE"},
        {"name": "北京客户有限公司", "country": "CN"},
    ]
    filed = run(*asked, "-o", "out.csv")
    assert filed.stdout == ""
    assert "2 records written to out.csv" in filed.stderr
    assert (tmp_path / "out.csv").read_bytes() == streamed.stdout_bytes


def test_a_workbook(run: Run, shop: str, tmp_path: Path) -> None:
    assert run("export", "customer", "-o", "out.xlsx", "--fields", "name,kind").exit_code == 0
    sheet = load_workbook(tmp_path / "out.xlsx").worksheets[0]
    head, *rows = sheet.iter_rows(values_only=True)
    assert head == ("name", "kind")
    assert set(rows) == {
        ("QUICK-Stop", "organization"),
        ("Horst Kloss", "person"),
        ("北京客户有限公司", "organization"),
    }


@pytest.mark.parametrize("to_file", [True, False], ids=["file", "output"])
def test_json_lines_are_exact(run: Run, shop: str, tmp_path: Path, to_file: bool) -> None:
    asked = ("export", "interaction", "--fields", "subject,occurred_at,money", "--filter", "subject = 'Order 1'")
    result = run(*asked, *(["-o", "out.jsonl"] if to_file else ["--format", "jsonl"]))
    text = (tmp_path / "out.jsonl").read_text("utf-8") if to_file else result.stdout
    [line] = text.splitlines()
    order = json.loads(line)
    assert order["subject"] == "Order 1"
    assert order["occurred_at"].startswith("2024-01-01T09:00:00")
    assert "100000.004" in line
    assert "USD" in line


@pytest.mark.parametrize("to_file", [True, False], ids=["file", "output"])
def test_cards_have_the_ways_to_reach_a_customer(run: Run, shop: str, tmp_path: Path, to_file: bool) -> None:
    result = run("export", "customer", *(["-o", "out.vcf"] if to_file else ["--format", "vcard"]))
    assert result.exit_code == 0, result.stderr
    text = (tmp_path / "out.vcf").read_text("utf-8") if to_file else result.stdout
    assert text.count("BEGIN:VCARD") == text.count("END:VCARD") == 3
    assert "FN:北京客户有限公司" in text
    assert "TEL:+49372035188" in text


@pytest.mark.parametrize("file", ["out.csv", "out.xlsx"])
def test_no_cell_is_a_formula_and_it_comes_back_as_it_was(run: Run, shop: str, tmp_path: Path, file: str) -> None:
    evil = '=HYPERLINK("http://evil.example","x")'
    assert run("customer", "add", evil).exit_code == 0
    words = ("export", "customer", "-o", file, "--fields", "id,name", "--filter", "name contains HYPERLINK")
    assert run(*words).exit_code == 0
    if file == "out.csv":
        [cells] = csv.DictReader((tmp_path / file).open(encoding="utf-8-sig", newline=""))
        assert cells["name"] == f"'{evil}"
    else:
        cell = load_workbook(tmp_path / file).worksheets[0]["B2"]
        assert (cell.value, cell.data_type) == (f"'{evil}", "s")
    back = document(run, "import", file, "--entity", "customer")
    assert back["records"] == {"customer": {"unchanged": 1}}


def test_a_user_exports_what_is_its_own(run: Run, shop: str) -> None:
    grants = [{"entity": "customer", "action": action, "scope": "own"} for action in ("read", "export")]
    with Crm.open(shop) as crm, crm.session() as session:
        session.add(Role(name="seller", grants=tuple(grants)))
    assert run("user", "add", "ben", "--role", "seller").exit_code == 0
    with Crm.open(shop) as crm, crm.session() as session:
        [ben], [stop] = session.list(User, login="ben"), session.list(Customer, name="QUICK-Stop")
        session.update(change(stop, owner_id=ben.id))
    mine = run("export", "customer", "--fields", "name", "--as", "ben")
    assert mine.stdout_bytes.decode("utf-8-sig").split() == ["name", "QUICK-Stop"]
    cards = run("export", "customer", "--format", "vcard", "--as", "ben").stdout
    assert cards.count("BEGIN:VCARD") == 1
    assert "Kloss" not in cards


def test_a_format_that_is_named_needs_no_ending(run: Run, shop: str, tmp_path: Path) -> None:
    told = json.loads(run("export", "customer", "-o", "customers.txt", "--format", "jsonl", "--json").stdout)
    assert told == {"path": "customers.txt", "records": 3}
    lines = (tmp_path / "customers.txt").read_text("utf-8").splitlines()
    assert len([json.loads(line)["name"] for line in lines]) == 3
