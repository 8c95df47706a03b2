"""Work lists: order, pages, choices, files."""

from __future__ import annotations

import csv
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.quality import Whose, WorkItem, problems_of, work_list, write_work_list
from tests.store.staff import make_staff


def talk(customer: Customer, clock: FixedClock, days: int) -> tuple[Interaction, InteractionParticipant]:
    """Return a call with a customer so many days ago."""
    call = Interaction(
        kind="call", status="completed", direction="inbound", occurred_at=clock.now() - timedelta(days=days)
    )
    return call, InteractionParticipant(interaction_id=call.id, customer_id=customer.id, role="customer")


@pytest.fixture
def shop(crm: Crm, clock: FixedClock) -> Crm:
    """People of whom ever more is known; of the first three nothing but the last contact tells them apart."""
    people = [Customer(name=f"P{n}", kind="person") for n in range(6)]
    with crm.session() as session:
        session.add(*people)
        session.add(*talk(people[0], clock, 50), *talk(people[1], clock, 5), *talk(people[1], clock, 90))
        for place, person in enumerate(people[3:], 1):
            kinds = ("email", "phone", "url")[:place]
            values = {"email": f"{person.name}@x.example", "phone": f"+49 30 123456{place}", "url": "https://x.example"}
            session.add(*[ContactPoint(customer_id=person.id, kind=kind, value=values[kind]) for kind in kinds])  # type: ignore[arg-type]
    return crm


def listed(crm: Crm, **details: object) -> list[WorkItem]:
    with crm.session(reads=True) as session:
        return list(work_list(session, crm.quality, **details).items)  # type: ignore[arg-type]


def test_the_worst_come_first_and_of_equals_those_in_contact_last(shop: Crm, clock: FixedClock) -> None:
    found = listed(shop)
    assert [item.title for item in found] == ["P1", "P0", "P2", "P3", "P4", "P5"]
    assert found[0].last_contact == clock.now() - timedelta(days=5)
    assert (found[1].last_contact, found[2].last_contact) == (clock.now() - timedelta(days=50), None)
    assert found[0].score < found[3].score < found[4].score == found[5].score


def test_in_contact_last_first(shop: Crm) -> None:
    assert [item.title for item in listed(shop, order="contact")] == ["P1", "P0", "P2", "P3", "P4", "P5"]
    with pytest.raises(BadInput, match="no order name"):
        listed(shop, order="name")


def test_what_is_wrong_weightiest_first(shop: Crm) -> None:
    item = listed(shop)[3]
    assert (item.title, item.score) == (
        "P3",
        Decimal("37.5"),
    )  # 3 for the mail address, 3 for being the only one, of 16
    assert [(one.name, one.state) for one in item.problems] == [
        ("phone", "missing"),
        ("owner", "missing"),
        ("country", "missing"),
        ("family_name", "missing"),
        ("language", "missing"),
        ("job", "missing"),
    ]


@pytest.mark.parametrize("order", ["score", "contact"])
@pytest.mark.parametrize("size", [1, 2, 4, 6, 7])
def test_pages_join_without_gap_or_repetition(shop: Crm, order: str, size: int) -> None:
    found: list[str] = []
    after: str | None = ""
    with shop.session(reads=True) as session:
        while after is not None:
            page = work_list(session, shop.quality, order=order, after=after, limit=size)  # type: ignore[arg-type]
            assert len(page.items) <= size
            found += [item.title for item in page.items]
            after = page.next
    assert found == [item.title for item in listed(shop, order=order)]


@pytest.mark.parametrize("place", ["x", "1~2~3", "1~2026-01-01~00000000-0000-0000-0000-000000000000", "99999~~"])
def test_a_place_that_no_page_named_is_refused(shop: Crm, place: str) -> None:
    with pytest.raises(BadInput, match="expected the place that a page named"):
        listed(shop, after=place)


def test_by_field_and_state(shop: Crm, clock: FixedClock) -> None:
    assert {item.title for item in listed(shop, field="email")} == {"P0", "P1", "P2"}
    assert {item.title for item in listed(shop, field="phone", state="missing")} == {"P0", "P1", "P2", "P3"}
    assert listed(shop, state="old") == []
    clock.advance(days=400)
    [p3, *_] = listed(shop, field="email", state="old")
    [old] = [one for one in p3.problems if one.state == "old"]
    assert (p3.title, old.name, old.since) == ("P3", "email", clock.now() - timedelta(days=400))
    with pytest.raises(BadInput, match="did you mean email"):
        listed(shop, field="emial")
    with pytest.raises(BadInput, match="no state odl; did you mean old"):
        listed(shop, state="odl")
    with pytest.raises(BadInput, match="limit"):
        listed(shop, limit=0)


def test_of_some_records(shop: Crm) -> None:
    assert {item.title for item in listed(shop, whose=Whose(filter="has a contact_point"))} == {"P3", "P4", "P5"}
    with shop.session() as session:
        first = session.find(Customer, name="P0")
        assert first is not None
        item = problems_of(session, shop.quality, first)
    assert item == next(one for one in listed(shop) if one.title == "P0")


def test_what_nothing_is_expected_of_is_on_no_list(crm: Crm) -> None:
    assert listed(crm, entity="value_confirmation") == []


def test_a_record_without_a_fault_is_on_no_list(crm: Crm, clock: FixedClock) -> None:
    from crmkit.core.product import Product
    from crmkit.core.values.money import Money

    money = Money.of("1", "EUR")
    whole = {"category": "c", "unit": "u", "price": money, "cost": money, "introduced": clock.now().date()}
    with crm.session() as session:
        session.add(Product(sku="1", name="Whole", **whole), Product(sku="2", name="Half"))  # type: ignore[arg-type]
    assert [item.title for item in listed(crm, entity="product")] == ["Half"]


def test_a_file_for_a_spreadsheet(shop: Crm, tmp_path: Path) -> None:
    with shop.session() as session:
        session.add(Customer(name="=1+1"))
    target = tmp_path / "work.csv"
    with shop.session(reads=True) as session:
        assert write_work_list(session, shop.quality, target, state="missing") == 7
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["title"] for row in rows][:2] == ["P1", "P0"]
    assert rows[0]["missing"].split()[:2] == ["email", "phone"]
    assert "=1+1" not in {row["title"] for row in rows}
    assert any(row["title"].endswith("=1+1") for row in rows)
    assert [path.name for path in tmp_path.iterdir()] == ["work.csv"]


def test_a_file_takes_the_right_to_export(crm: Crm, tmp_path: Path) -> None:
    staff = make_staff(crm)
    with crm.session() as session:
        for login, user in staff.users.items():
            session.add(Customer(name=login, owner_id=user.id, team_id=user.team_id))
    reader = staff.actor("anna", ("*", "read", "all"))
    with crm.session(reader, reads=True) as session, pytest.raises(AccessDenied):
        write_work_list(session, crm.quality, tmp_path / "work.csv")
    assert list(tmp_path.iterdir()) == []
    exporter = staff.actor("anna", ("*", "read", "all"), ("*", "export", "own"))
    with crm.session(exporter, reads=True) as session:
        assert write_work_list(session, crm.quality, tmp_path / "work.csv") == 1
        with pytest.raises(BadInput, match="cannot be written"):
            write_work_list(session, crm.quality, tmp_path / "nowhere" / "work.csv")
