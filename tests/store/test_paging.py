"""Lists by pages: walking them meets every record once, in the order of the whole list."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.access import Actor, Scope
from crmkit.core.customer import Customer
from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.interaction import Interaction, InteractionLine
from crmkit.core.journal import Event
from crmkit.core.product import Asset, Product
from crmkit.core.staff import User
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import parse_partial_date
from crmkit.runtime.crm import Crm
from crmkit.store.session import Session

NAMES = ("", "Anna", "anna", "Ähre", "zoé", "Zoë", "李", "a b", 'a"b', "\U0001f600")
BIRTHS = (None, "1980", "1980-05", "1980-05-17", "--05-17", "1979-12")
SORTED = ("name", "kind", "employees", "birth_date", "country", "created_at", "owner_id", "version", "id")

customers = st.builds(
    lambda name, kind, employees, birth, country: Customer(
        name=name or "?", kind=kind, employees=employees, birth_date=birth, country=country
    ),
    name=st.sampled_from(NAMES),
    kind=st.sampled_from(("person", "organization")),
    employees=st.sampled_from((None, 0, 1, 7)),
    birth=st.sampled_from([birth and parse_partial_date(birth) for birth in BIRTHS]),
    country=st.sampled_from(("", "DE", "FR")),
)
orders = st.lists(st.sampled_from(SORTED), max_size=3, unique=True).flatmap(
    lambda names: st.tuples(*[st.sampled_from((name, f"-{name}")) for name in names])
)


def pages(session: Session, entity: type[Any], filter: str | None, order: str, limit: int) -> Iterator[tuple[Any, ...]]:
    after = ""
    while True:
        page = session.page(entity, filter, order=order, limit=limit, after=after)
        yield page.records
        if not page.next:
            return
        assert len(page.records) == limit
        after = page.next


def walked(session: Session, entity: type[Any], filter: str | None, order: str, limit: int) -> list[Any]:
    return [record.id for records in pages(session, entity, filter, order, limit) for record in records]


@settings(max_examples=settings.default.max_examples // 4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(customers, max_size=14), order=orders.map(",".join), limit=st.integers(1, 5), half=st.booleans()
)
def test_walking_all_pages_yields_each_record_once_in_order(
    crm: Crm, records: list[Customer], order: str, limit: int, half: bool
) -> None:
    filter = "employees >= 1" if half else None
    with crm.session() as session:
        session.add(*records)
        whole = [record.id for record in session.list(Customer, filter, order=order)]
        assert sorted(whole) == sorted(r.id for r in records if not half or (r.employees or 0) >= 1)
        assert walked(session, Customer, filter, order, limit) == whole
        stored = [field.name for field in session.entity(Customer).stored]
        page = session.page(Customer, filter, order=order, limit=limit)
        values = session.page_of_values(Customer, filter, order=order, limit=limit)
        assert values.next == page.next
        assert values.records == tuple(tuple(getattr(record, name) for name in stored) for record in page.records)
        session.rollback()


def test_values_of_a_page_are_those_of_its_records(crm: Crm) -> None:
    paid = Interaction(kind="payment", occurred_at=datetime(2026, 1, 1, tzinfo=UTC), money=Money.of("12.50", "EUR"))
    with crm.session() as session:
        session.add(paid, Customer(name="Anna", birth_date=parse_partial_date("1980-05")))
        session.flush()
        for entity in (Customer, Interaction, Event):
            info = session.entity(entity)
            records = session.page(entity, order="-id").records
            assert records
            assert session.page_of_values(entity, order="-id").records == tuple(
                tuple(getattr(record, field.name) for field in info.stored) for record in records
            )


def test_values_of_every_kind_are_places(crm: Crm) -> None:
    with crm.session() as session:
        session.add(
            Interaction(kind="call", status="planned", occurred_at=datetime(2026, 1, 1, tzinfo=UTC), sum_lines=True)
        )
        session.flush()
        call = session.list(Interaction)[0]
        for number in range(6):
            at = datetime(2026, 1, 1, 0, 0, 0, number // 2, tzinfo=UTC)
            session.add(Interaction(kind="call", status="planned", occurred_at=at, sum_lines=bool(number % 2)))
            price = Decimal(number // 3) / 7 if number % 3 else None
            price = None if price is None else price.quantize(Decimal("0.000001"))
            session.add(InteractionLine(interaction_id=call.id, position=number + 1, unit_price=price))
        product, owner = Product(sku="1", name="Scale"), Customer(name="Owner")
        session.add(product, owner)
        session.flush()
        for bought in (None, date(2024, 2, 29), date(2024, 3, 1), date(2024, 2, 29)):
            session.add(Asset(customer_id=owner.id, product_id=product.id, name="Scale", installed=bought))
        session.flush()
        for entity, field in (
            (Interaction, "occurred_at"),
            (Interaction, "sum_lines"),
            (InteractionLine, "unit_price"),
            (InteractionLine, "quantity"),
            (Asset, "installed"),
        ):
            for order in (field, f"-{field}"):
                whole = [record.id for record in session.list(entity, order=order)]
                assert walked(session, entity, None, order, 2) == whole, order


def test_what_happens_between_pages_moves_nobody_twice_or_past_the_reader(crm: Crm) -> None:
    with crm.session() as session:
        session.add(*(Customer(name=letter) for letter in "bdfh"))
        first = session.page(Customer, order="name", limit=2)
        assert [one.name for one in first.records] == ["b", "d"]
        session.add(Customer(name="a"), Customer(name="e"))
        session.delete(first.records[1])
        rest = session.page(Customer, order="name", limit=9, after=first.next)
        assert [one.name for one in rest.records] == ["e", "f", "h"]
        assert rest.next == ""


def test_the_last_page_may_be_full_and_says_so(crm: Crm) -> None:
    with crm.session() as session:
        session.add(*(Customer(name=letter) for letter in "abcd"))
        first = session.page(Customer, order="-name", limit=2)
        last = session.page(Customer, order="-name", limit=2, after=first.next)
        assert ("".join(c.name for c in first.records), "".join(c.name for c in last.records)) == ("dc", "ba")
        assert (bool(first.next), last.next) == (True, "")
        assert session.page(Customer, "name = nobody", limit=2).records == ()


def _forged(*place: Any) -> str:
    return urlsafe_b64encode(msgspec.json.encode(place)).decode()


ID = "00000000000000000000000000000001"


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "ä",
        "====",
        "!" * 50,
        _forged("customer"),
        _forged("customer", ["employees"], [], ID),
        _forged("customer", ["employees"], ["7"], ID),
        _forged("customer", ["employees"], [True], ID),
        _forged("customer", ["employees"], [2**70], ID),
        _forged("customer", ["employees"], [[]], ID),
        _forged("customer", ["employees"], [7], "no id"),
    ],
)
def test_what_is_no_cursor_is_refused(crm: Crm, cursor: str) -> None:
    with crm.session(reads=True) as session, pytest.raises(BadInput, match="is no place in a list"):
        session.page(Customer, order="employees", after=cursor)


@pytest.mark.parametrize(
    ("order", "value"),
    [
        ("name", None),
        ("name", "a\0b"),
        ("name", 7),
        ("birth_date", "1980-13"),
        ("created_at", "2026-01-01T00:00:00"),
        ("created_at", "soon"),
        ("owner_id", "nobody"),
    ],
)
def test_values_that_a_field_cannot_have_are_refused(crm: Crm, order: str, value: Any) -> None:
    with crm.session(reads=True) as session, pytest.raises(BadInput, match="is no place in a list"):
        session.page(Customer, order=order, after=_forged("customer", [order], [value], ID))


def test_a_cursor_belongs_to_an_entity_and_an_order(crm: Crm) -> None:
    with crm.session() as session:
        session.add(*(Customer(name=letter) for letter in "abc"))
        place = session.page(Customer, order="-name", limit=1).next
        with pytest.raises(BadInput, match="a place in a list of customer by -name, not in this one"):
            session.page(Customer, order="name", limit=1, after=place)
        with pytest.raises(BadInput, match="a place in a list of customer by -name"):
            session.page(User, order="-name", after=place)


def test_a_cursor_tells_nothing_of_fields_that_are_hidden(crm: Crm) -> None:
    with crm.session() as session:
        session.add(*(Customer(name=letter, employees=3) for letter in "abc"))
    fields = {"customer": ("name",)}
    reader = _reader(crm, fields)
    with crm.session(reader, reads=True) as session:
        place = session.page(Customer, order="name", limit=1).next
        assert b'"b"' not in urlsafe_b64decode(place + "==")
        with pytest.raises(AccessDenied, match=r"may not read customer\.employees"):
            session.page(Customer, order="employees")


@pytest.mark.parametrize("limit", [0, -1, 10_001])
def test_a_page_has_a_size(crm: Crm, limit: int) -> None:
    with crm.session(reads=True) as session, pytest.raises(BadInput, match=f"limit {limit}: a number from 1 to 10000"):
        session.page(Customer, limit=limit)


def _reader(crm: Crm, fields: dict[str, tuple[str, ...]]) -> Actor:
    """Return a user who reads these fields of customers alone."""
    from crmkit.core.staff import Role, RoleAssignment

    grants = [{"entity": "customer", "action": "read", "scope": "all", "fields": list(fields["customer"])}]
    with crm.session() as session:
        user, role = User(login="reader", name="Reader"), Role(name="reader", grants=tuple(grants))
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
    actor = crm.actor("reader")
    assert actor.granted("customer", "read") is Scope.ALL
    return actor
