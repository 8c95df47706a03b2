"""Reads: every way to ask gives the same answer, narrowed to the tenant."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import EntityInfo, change
from crmkit.core.errors import AccessDenied, BadInput, CrmError, NotFound, ValidationFailed
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.product import Asset, Product
from crmkit.core.values.money import Money
from crmkit.runtime.crm import CORE, Crm
from crmkit.store.session import Session
from tests.conftest import OpenCrm
from tests.store.samples import one_of_each


def names(records: Any) -> list[str]:
    return [record.name for record in records]


@pytest.fixture
def alphabet(crm: Crm) -> Crm:
    with crm.session() as s:
        s.add(*(Customer(name=letter, employees=number or None) for number, letter in enumerate("abcde")))
    return crm


def test_lists_are_ordered_and_cut(alphabet: Crm) -> None:
    with alphabet.session(reads=True) as s:
        assert names(s.list(Customer)) == list("abcde")
        assert names(s.list(Customer, order="-name", limit=2, offset=1)) == ["d", "c"]
        assert names(s.list(Customer, order="employees,name")) == list("abcde")
        assert names(s.list(Customer, order="-employees")) == list("edcba")
        assert names(s.list(Customer, "employees >= 3")) == ["d", "e"]
        assert names(s.list(Customer, "employees >= 3", name="e")) == ["e"]
        assert names(s.list(Customer, name=["a", "c", "x"])) == ["a", "c"]
        assert names(s.list(Customer, name=[])) == []
        assert names(s.list(Customer, employees=None)) == ["a"]
        assert names(s.stream(Customer, "name != c", size=2)) == ["a", "b", "d", "e"]
        assert (s.count(Customer), s.count(Customer, "employees = 2"), s.count(Customer, employees=None)) == (5, 1, 1)


def test_lists_asked_again_in_the_same_shape_have_their_own_values(alphabet: Crm) -> None:
    built: list[int] = []

    def note(connection: Any, statement: Any, *rest: Any) -> None:
        built.append(id(statement))

    with alphabet.session() as s:
        s.delete(s.list(Customer, name="e")[0])
    with alphabet.session(reads=True) as s:
        sa.event.listen(alphabet.database.engine, "before_execute", note)
        try:
            for _ in range(2):
                assert [names(s.list(Customer, name=name)) for name in "abe"] == [["a"], ["b"], []]
            assert len(built) == 6
            assert len(set(built)) == 1
        finally:
            sa.event.remove(alphabet.database.engine, "before_execute", note)
        assert [names(s.list(Customer, name=some)) for some in (["a"], ["a", "c"], {"d", "e"}, ())] == [
            ["a"],
            ["a", "c"],
            ["d"],
            [],
        ]
        assert names(s.list(Customer, name=["d", "e"], deleted=True)) == ["d", "e"]
        assert [names(s.list(Customer, employees=number)) for number in (None, 2, None, [1, 3])] == [
            ["a"],
            ["c"],
            ["a"],
            ["b", "d"],
        ]
        assert names(s.list(Customer, employees=2, name="c")) == ["c"]
        assert names(s.list(Customer, employees=2, name="b")) == []


def test_find_takes_values_lists_and_filters(alphabet: Crm) -> None:
    with alphabet.session(reads=True) as s:
        found = [
            s.find(Customer, name="b"),
            s.find(Customer, name=["c", "b"]),
            s.find(Customer, "name = B"),
            s.find(Customer, employees=None),
            s.find(Customer, "name = x"),
            s.find(Customer, name="x"),
        ]
    assert [record and record.name for record in found] == ["b", "b", "b", "a", None, None]


@pytest.mark.parametrize("order", ["annual_revenue", "custom.x", "nam", "name desc"])
def test_what_cannot_be_sorted_by_is_refused(alphabet: Crm, order: str) -> None:
    with alphabet.session(reads=True) as s, pytest.raises(CrmError):
        s.list(Customer, order=order)


def test_money_is_asked_for_in_a_filter(alphabet: Crm) -> None:
    with alphabet.session(reads=True) as s, pytest.raises(BadInput, match=r"customer\.annual_revenue cannot be asked"):
        s.list(Customer, annual_revenue=Money(Decimal(1), "EUR"))


# -- selects ----------------------------------------------------------------------------------------------------------


def test_selects_join_and_aggregate_what_the_session_gives(alphabet: Crm) -> None:
    with alphabet.session() as s:
        first = s.list(Customer)[0]
        s.add(*(ContactPoint(customer_id=first.id, kind="url", value=f"https://{n}.example") for n in range(3)))
        customers, points = s.table(Customer), s.table(ContactPoint)
        statement = (
            sa.select(customers.c.name, sa.func.count(points.c.id))
            .join_from(customers, points, points.c.customer_id == customers.c.id, isouter=True)
            .group_by(customers.c.name)
            .order_by(customers.c.name)
        )
        assert [tuple(row) for row in s.execute(statement)][:2] == [("a", 3), ("b", 0)]
        assert s.execute(sa.select(sa.func.count()).select_from(customers)).scalar() == 5
        assert s.execute(sa.select(sa.func.sum(customers.c.employees))).scalar() == 10
        alias = customers.alias()
        assert s.execute(sa.select(sa.func.count()).select_from(alias)).scalar() == 5
        inner = sa.select(customers.c.id).where(customers.c.name > "c").subquery()
        assert s.execute(sa.select(sa.func.count()).select_from(inner)).scalar() == 2
        both = sa.union_all(sa.select(customers.c.name), sa.select(points.c.value))
        assert len(s.execute(both).all()) == 8


def test_selects_see_pending_records(crm: Crm) -> None:
    with crm.session() as s:
        s.add(Customer(name="x"))
        assert s.execute(sa.select(sa.func.count()).select_from(s.table(Customer))).scalar() == 1


def statements(s: Session) -> dict[str, Any]:
    bare, given = s.database.tables["customer"], s.table(Customer)
    return {
        "a table": sa.select(bare),
        "a column of a table": sa.select(bare.c.name),
        "an alias of a table": sa.select(bare.alias().c.name),
        "a join with a table": sa.select(given.c.id).join(bare, bare.c.id == given.c.id),
        "a table in a subquery": sa.select(sa.select(bare.c.id).subquery().c.id),
        "a table in a condition": sa.select(given.c.id).where(given.c.id.in_(sa.select(bare.c.id))),
        "a table in a scalar": sa.select(sa.select(sa.func.count(bare.c.id)).scalar_subquery()),
        "a table in a union": sa.union_all(sa.select(given.c.id), sa.select(bare.c.id)),
        "a table in a common expression": sa.select(sa.select(bare.c.id).cte().c.id),
        "a table by its name": sa.select(sa.column("name")).select_from(sa.table("customers", sa.column("name"))),
        "text": sa.text("SELECT * FROM customers"),
        "text as source": sa.select(sa.column("name")).select_from(sa.text("customers")),
        "text as condition": sa.select(given.c.id).where(sa.text("1 = (SELECT 1 FROM customers)")),
        "text as column": sa.select(sa.literal_column("(SELECT max(name) FROM customers)")),
        "an insert": sa.insert(bare).values(name="x"),
        "an update": sa.update(bare).values(name="x"),
        "a delete": sa.delete(bare),
        "a delete in a common expression": sa.select(sa.delete(bare).returning(bare.c.id).cte().c.id),
        "the database's own table": sa.select(s.database.table("tenants")),
        "the table of another actor": sa.select(_other(s).table(Customer).c.name),
    }


def _other(s: Session) -> Session:
    return Session(s.application, s.actor.elevated())


KINDS_OF_STATEMENT = [
    "a table",
    "a column of a table",
    "an alias of a table",
    "a join with a table",
    "a table in a subquery",
    "a table in a condition",
    "a table in a scalar",
    "a table in a union",
    "a table in a common expression",
    "a table by its name",
    "text",
    "text as source",
    "text as condition",
    "text as column",
    "an insert",
    "an update",
    "a delete",
    "a delete in a common expression",
    "the database's own table",
    "the table of another actor",
]


@pytest.mark.parametrize("kind", KINDS_OF_STATEMENT)
def test_a_select_over_anything_else_is_refused(crm: Crm, kind: str) -> None:
    with crm.session() as s, pytest.raises(AccessDenied):
        s.execute(statements(s)[kind])


def test_every_kind_of_statement_is_tried(crm: Crm) -> None:
    with crm.session() as s:
        assert list(statements(s)) == KINDS_OF_STATEMENT


# -- tenants ----------------------------------------------------------------------------------------------------------


def ways(s: Session, info: EntityInfo, id: Any) -> dict[str, Any]:
    """Ask in every way for the records of an entity, and for the one with ``id``."""
    table = s.table(info.cls)
    found = {
        "list": len(s.list(info.cls)),
        "list deleted": len(s.list(info.cls, deleted=True)),
        "one in a list": len(s.list(info.cls, id=[id])),
        "count": s.count(info.cls),
        "find": int(s.find(info.cls, id=id) is not None),
        "stream": sum(1 for _ in s.stream(info.cls)),
        "peek": int(s.peek(info.cls, id) is not None),
        "peek all": len(s.peek_all(info.cls)),
        "select": s.execute(sa.select(sa.func.count()).select_from(table)).scalar(),
        "select one": s.execute(sa.select(sa.func.count()).select_from(table).where(table.c.id == id)).scalar(),
    }
    try:
        s.get(info.cls, id)
        found["get"] = 1
    except NotFound:
        found["get"] = 0
    return found


def test_tenants_of_one_database_see_nothing_of_each_other(open_crm: OpenCrm) -> None:
    mine, yours = open_crm(tenant="mine"), open_crm(tenant="yours")
    for crm in (mine, yours):
        crm.hooks.unregister(CORE)
    records = one_of_each(mine.clock.now())
    with mine.session() as s:
        s.add(*records.values())
    with mine.session() as s:
        event = s.list(Event)[0].id
    for info in mine.registry:
        id = records[info.name].id if info.name in records else event
        with mine.session(reads=True) as s:
            assert all(ways(s, info, id).values()), info.name
        with yours.session(reads=True) as s:
            assert not any(ways(s, info, id).values()), info.name
    with mine.session() as s:
        s.delete(s.get(Customer, records["customer"].id))
    with yours.session() as s:
        assert not any(s.count(info.cls) for info in yours.registry)


def test_tenants_cannot_write_into_each_other(open_crm: OpenCrm) -> None:
    mine, yours = open_crm(tenant="mine 2"), open_crm(tenant="yours 2")
    customer = Customer(name="mine")
    with mine.session() as s:
        s.add(customer)
    with yours.session() as s:
        with pytest.raises(NotFound):
            s.update(change(customer, name="yours"))
        with pytest.raises(NotFound):
            s.delete(customer)
        with pytest.raises(NotFound):
            s.restore(Customer, customer.id)
        s.add(Asset(customer_id=customer.id, name="x"))
        with pytest.raises(ValidationFailed, match=r"asset\.customer_id"):
            s.flush()
        s.rollback()
        s.add(Customer(id=customer.id, name="the same id"))
        with pytest.raises(ValidationFailed, match="a value that no other customer has"):
            s.flush()
        s.rollback()
    with mine.session() as s:
        assert (s.get(Customer, customer.id).name, s.count(AuditEntry)) == ("mine", 1)


def test_unique_keys_hold_within_a_tenant(open_crm: OpenCrm) -> None:
    for tenant in ("mine 3", "yours 3"):
        with open_crm(tenant=tenant).session() as s:
            s.add(Product(sku="1", name=tenant))
    with open_crm(tenant="mine 3").session() as s:
        assert names(s.list(Product)) == ["mine 3"]
