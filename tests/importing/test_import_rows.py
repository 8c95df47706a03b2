"""Rows that cannot go in land in the error file with field, value and expectation; mended there, they go in."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import BadInput
from crmkit.core.staff import User
from crmkit.runtime.crm import Crm
from crmkit.services.importing.report import ImportReport

from .conftest import HEADER, contacts

Load = Callable[..., ImportReport]

GOOD = "1,Ada,DE,1990-12-10,12.50,EUR,7,boss,ada@example.com,030 0074321"


def row(**values: str) -> str:
    cells = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {"id": "2"} | values
    return ",".join(cells.values())


BAD: dict[str, tuple[str, str, str]] = {
    # what is wrong: the row, the field named, a part of the expectation
    "date": (row(born="never"), "customer.birth_date", "date"),
    "amount": (row(revenue="much"), "customer.annual_revenue", "a number"),
    "currency": (row(currency="EURO"), "customer.annual_revenue", "ISO 4217"),
    "country": (row(country="Atlantis"), "customer.country", "a country"),
    "integer": (row(employees="3.5"), "customer.employees", "a whole number"),
    "minimum": (row(employees="-3"), "customer.employees", "at least 0"),
    "mail": (row(mail="nobody"), "contact_point.value", "the @ is missing"),
    "phone": (row(phone="call me"), "contact_point.value", "telephone number"),
    "long": (row(name="x" * 201), "customer.name", "200"),
    "reference": (row(owner="ghost"), "customer.owner_id", "a record of user that exists"),
    "no id": (row(id=""), "customer.external_id", "a value"),
    "no name": (row(name=""), "customer.name", ""),
}


@pytest.fixture
def boss(crm: Crm) -> None:
    with crm.session() as session:
        session.add(User(login="boss", name="Boss"))


def written(folder: Path) -> list[dict[str, str]]:
    with (folder / "contacts.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("boss")
@pytest.mark.parametrize("fault", BAD)
def test_a_bad_row_is_named_kept_and_goes_in_once_mended(crm: Crm, load: Load, tmp_path: Path, fault: str) -> None:
    text, field, expectation = BAD[fault]
    path = tmp_path / "contacts.csv"
    path.write_text("\n".join([HEADER, GOOD, text]), encoding="utf-8")
    report = load(path, contacts())
    assert (report.rejected, report.rows) == (1, 2)
    (kept,) = written(tmp_path / "errors")
    assert kept["crmkit_line"] == "3"
    assert field in kept["crmkit_error"]
    assert expectation in kept["crmkit_error"]
    with crm.session(reads=True) as session:
        assert [c.name for c in session.list(Customer)] == ["Ada"]
        assert session.count(ContactPoint) == 2
    good = dict(zip(HEADER.split(","), row(name="Grace").split(","), strict=True))
    mended = kept | good
    with (tmp_path / "errors" / "contacts.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, mended)
        writer.writeheader()
        writer.writerow(mended)
    again = load(tmp_path / "errors" / "contacts.csv", contacts(), error_folder=tmp_path / "more")
    assert again.rejected == 0
    with crm.session(reads=True) as session:
        assert sorted(c.name for c in session.list(Customer)) == ["Ada", "Grace"]


@pytest.mark.usefixtures("boss")
def test_all_that_is_wrong_with_a_row_is_said_at_once(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("\n".join([HEADER, row(born="never", mail="nobody", country="Atlantis")]), encoding="utf-8")
    (error,) = load(path, contacts()).errors
    assert [problem.path for problem in error.problems] == [  # type: ignore[union-attr]
        "customer.country",
        "customer.birth_date",
        "contact_point.value",
    ]


@pytest.mark.usefixtures("boss")
def test_the_same_external_id_twice_in_a_file(load: Load, tmp_path: Path, crm: Crm) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("\n".join([HEADER, row(name="First"), row(name="Second")]), encoding="utf-8")
    refused = load(path, contacts("error"))
    assert refused.rejected == 1
    assert "customer.external_id: “2”" in refused.errors[0].render()
    with crm.session(reads=True) as session:
        assert [c.name for c in session.list(Customer)] == ["First"]
    assert load(path, contacts("update")).rejected == 0
    with crm.session(reads=True) as session:
        assert [c.name for c in session.list(Customer)] == ["Second"]
    assert load(path, contacts("skip")).changed == 0


@pytest.mark.usefixtures("boss")
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_other_encodings_are_read(load: Load, tmp_path: Path, crm: Crm, encoding: str) -> None:
    names = ["王小明", "欧阳娜娜", "李雷和韩梅梅", "上海电气集团股份有限公司"]
    lines = [HEADER, *[f"{n},{name},CN,,,,,,," for n, name in enumerate(names)]]
    path = tmp_path / "contacts.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    assert load(path, contacts()).rejected == 0
    with crm.session(reads=True) as session:
        assert {c.name for c in session.list(Customer)} == set(names)


@pytest.mark.usefixtures("boss")
def test_rows_that_are_broken_as_text_are_kept_as_text(load: Load, tmp_path: Path, crm: Crm) -> None:
    path = tmp_path / "contacts.csv"
    rows = ["3,Ragged,DE", row(id="4", name="N\0UL"), row(id="5", name="x" * 10_000_000), GOOD]
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    report = load(path, contacts())
    kept = written(tmp_path / "errors")
    assert [entry["crmkit_line"] for entry in kept] == ["2", "3", "4"]
    assert kept[0]["crmkit_text"] == "3,Ragged,DE"
    assert all(entry["crmkit_error"] for entry in kept)
    assert report.rejected == 3
    with crm.session(reads=True) as session:
        assert [c.name for c in session.list(Customer)] == ["Ada"]


@pytest.mark.usefixtures("boss")
def test_a_refused_row_takes_nothing_of_other_rows_with_it(load: Load, tmp_path: Path, crm: Crm) -> None:
    path = tmp_path / "contacts.csv"
    rows = [
        row(id="a", name="First", mail="first@example.com"),
        # The same customer again, refused in its last block: what the first row made stays.
        row(id="a", name="Spoilt", mail="other@example.com", phone="call me"),
        row(id="b", name="Gone", owner="ghost"),
        row(id="a", name="", mail="third@example.com"),
    ]
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    assert load(path, contacts()).rejected == 2
    with crm.session(reads=True) as session:
        assert [c.name for c in session.list(Customer)] == ["First"]
        mails = {point.value for point in session.list(ContactPoint, kind="email")}
        assert mails == {"first@example.com", "third@example.com"}


IDENTIFIED = """
name = "fair"
[[record]]
source = "fair"
entity = "customer"
identify = { email = "{mail}" }
[record.fields]
name = "{name}"
[[record]]
source = "fair"
entity = "contact_point"
match = ["customer_id", "kind", "normalized"]
on_duplicate = "skip"
[record.fields]
customer_id = { record = "customer" }
kind = "email"
value = "{mail}"
"""


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_customers_are_known_by_mail_in_other_case(load: Load, tmp_path: Path, crm: Crm, chunk: int) -> None:
    path = tmp_path / "fair.csv"
    path.write_text("name,mail\nAda,ada@example.com\nGrace,grace@example.com\nAda L.,ADA@Example.com\n")
    report = load(path, IDENTIFIED, chunk=chunk)
    assert report.counts["customer"]["created"] == 2
    with crm.session(reads=True) as session:
        assert {c.name for c in session.list(Customer)} == {"Ada L.", "Grace"}
        assert {p.value for p in session.list(ContactPoint)} == {"ada@example.com", "grace@example.com"}


def test_a_mail_that_two_customers_share_identifies_neither(load: Load, tmp_path: Path, crm: Crm) -> None:
    with crm.session() as session:
        for name in ("Ada", "Byron"):
            customer = Customer(name=name)
            session.add(customer, ContactPoint(customer_id=customer.id, kind="email", value="home@example.com"))
    path = tmp_path / "fair.csv"
    path.write_text("name,mail\nAda,home@example.com\n")
    report = load(path, IDENTIFIED)
    assert "contact points that one customer has, not 2" in report.errors[0].render()
    with crm.session(reads=True) as session:
        assert session.count(Customer) == 2


def test_a_deleted_record_does_not_come_back_by_itself(load: Load, tmp_path: Path, crm: Crm) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("\n".join([HEADER, row(owner="")]), encoding="utf-8")
    load(path, contacts())
    with crm.session() as session:
        session.delete(*session.list(Customer))
    report = load(path, contacts())
    assert "not deleted" in report.errors[0].render()


def test_a_record_found_by_its_key_gets_the_external_id(load: Load, tmp_path: Path, crm: Crm) -> None:
    with crm.session() as session:
        session.add(User(login="ada", name="Ada"), User(login="boss", name="Boss"))
    mapping = """
name = "staff"
[[record]]
source = "staff"
entity = "user"
external_id = "{id}"
match = ["login"]
[record.fields]
login = "{login}"
name = "{name}"
[[record]]
source = "staff"
entity = "user"
name = "line"
when = "{above}"
separate = true
match = ["login"]
[record.fields]
login = "{login}"
name = "{name}"
reports_to_id = { external = "{above}" }
"""
    path = tmp_path / "staff.csv"
    path.write_text("id,login,name,above\n7,ada,Ada,8\n8,boss,Boss,\n")
    assert load(path, mapping).rejected == 0
    with crm.session(reads=True) as session:
        users = {user.login: user for user in session.list(User)}
        assert users["ada"].reports_to_id == users["boss"].id


def test_rejected_rows_never_overwrite_the_file_they_come_from(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text(f"{HEADER}\n{row()}")
    with pytest.raises(BadInput, match="another folder"):
        load(path, contacts(), error_folder=tmp_path)


def test_error_files_of_an_earlier_import_are_put_aside(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text(f"{HEADER}\n{row(owner='ghost')}")
    load(path, contacts())
    path.write_text(f"{HEADER}\n{row(owner='')}")
    assert load(path, contacts()).error_files == ()
    assert [file.name for file in (tmp_path / "errors").iterdir()] == ["contacts.csv~"]


def test_a_row_without_what_it_is_known_by_is_refused(load: Load, tmp_path: Path, crm: Crm) -> None:
    mapping = """
name = "companies"
[[record]]
source = "companies"
entity = "customer"
match = ["domain"]
[record.fields]
kind = { value = "organization" }
name = "{name}"
domain = "{domain}"
"""
    path = tmp_path / "companies.csv"
    path.write_text("name,domain\nAlpha,\nBeta,\nGamma,gamma.example\n")
    report = load(path, mapping)
    assert (report.rejected, report.counts["customer"]["created"]) == (2, 1)
    assert "customer.domain" in report.errors[0].render()
    with crm.session(reads=True) as session:
        assert [customer.name for customer in session.list(Customer)] == ["Gamma"]
