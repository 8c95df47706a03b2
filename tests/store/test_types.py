"""Values come back from SQLite and PostgreSQL exactly as they went in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.identity import IdentityClaim
from crmkit.core.interaction import Interaction, InteractionLine
from crmkit.core.product import Asset, Product
from crmkit.core.values.ids import new_id
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate
from crmkit.runtime.crm import Crm
from crmkit.store.types import (
    Exact,
    Flag,
    Id,
    Instant,
    IsoDate,
    Json,
    PartialDateText,
    StoredType,
    from_json,
    text_type,
    to_json,
)

PLAIN_TEXT = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
TEXT = PLAIN_TEXT | st.sampled_from(
    ["👩‍👩‍👧", "𝒳𠀋", "é", "e\u0301", "\u202eabc", "'; DROP TABLE", "%s", "{}", "\\", "\x7f\x01"]
)
DECIMALS = st.integers(min_value=-9 * 10**18, max_value=9 * 10**18).map(lambda n: Decimal(n).scaleb(-6))
INSTANTS = st.datetimes(timezones=st.just(UTC)) | st.sampled_from(
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    ]
)
PARTIAL = st.dates().map(lambda d: PartialDate(d.year, d.month, d.day)) | st.sampled_from(
    [PartialDate(year=1), PartialDate(year=9999, month=12), PartialDate(month=2, day=29), PartialDate(month=7)]
)
NUMBERS = st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)

COLUMNS: dict[str, tuple[StoredType | Any, st.SearchStrategy[Any]]] = {
    "exact": (Exact(), DECIMALS),
    "instant": (Instant(), INSTANTS),
    "day": (IsoDate(), st.dates() | st.sampled_from([date.min, date.max])),
    "partial": (PartialDateText(), PARTIAL),
    "ident": (Id(), st.uuids()),
    "flag": (Flag(), st.booleans()),
    "words": (Json(words=True), st.lists(TEXT, max_size=4).map(tuple)),
    "json": (Json(), st.dictionaries(TEXT, JSON, max_size=4)),
    "short": (text_type(200), TEXT),
    "long": (text_type(1_000_000), TEXT),
    "number": (sa.BigInteger(), NUMBERS),
}


class Cabinet:
    """A table with a column of every type."""

    def __init__(self, crm: Crm) -> None:
        self.crm = crm
        columns = [sa.Column(name, type_) for name, (type_, _) in COLUMNS.items()]
        self.table = sa.Table(f"cabinet_{new_id().hex}", sa.MetaData(), sa.Column("n", sa.Integer), *columns)
        with crm.database.connection() as connection:
            self.table.create(connection)
            connection.commit()

    def keep(self, values: dict[str, Any]) -> dict[str, Any]:
        """Store values and return what is read."""
        with self.crm.database.connection() as connection:
            connection.execute(self.table.insert().values(**values))
            row = connection.execute(sa.select(*(self.table.c[name] for name in COLUMNS))).one()
        return dict(row._mapping)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def cabinet(request: pytest.FixtureRequest) -> Iterator[Cabinet]:
    address = request.getfixturevalue("core_sqlite_url" if request.param == "sqlite" else "core_postgres_url")
    with Crm.open(address, plugins=[], check=False) as crm:
        yield Cabinet(crm)


@given(values=st.fixed_dictionaries({}, optional={name: st.none() | values for name, (_, values) in COLUMNS.items()}))
def test_every_value_comes_back_exactly(cabinet: Cabinet, values: dict[str, Any]) -> None:
    expected = {name: values.get(name) for name in COLUMNS}
    read = cabinet.keep(values)
    assert read == expected
    for name, value in read.items():
        if isinstance(value, datetime):
            assert value.tzinfo is UTC
        if isinstance(value, Decimal):
            assert str(value) == f"{value.normalize():f}" or value == 0
        if name != "json" and value is not None:
            assert type(value) is type(expected[name])


@given(amounts=st.lists(DECIMALS, min_size=1, max_size=8))
def test_sums_and_order_are_exact(cabinet: Cabinet, amounts: list[Decimal]) -> None:
    # Of so many large ones that 64 bits hold the sum on SQLite.
    amounts = [amount / len(amounts) // Decimal("0.000001") * Decimal("0.000001") for amount in amounts]
    table = cabinet.table
    with cabinet.crm.database.connection() as connection:
        connection.execute(table.insert(), [{"exact": amount} for amount in amounts])
        total = connection.scalar(sa.select(sa.func.sum(table.c.exact)))
        ordered = list(connection.scalars(sa.select(table.c.exact).order_by(table.c.exact)))
    assert total == sum(amounts)
    assert isinstance(total, Decimal)
    assert ordered == sorted(amounts)


@given(moments=st.lists(INSTANTS, min_size=1, max_size=6))
def test_instants_compare_as_they_do_in_python(cabinet: Cabinet, moments: list[datetime]) -> None:
    table, bound = cabinet.table, moments[0]
    with cabinet.crm.database.connection() as connection:
        connection.execute(table.insert(), [{"instant": moment} for moment in moments])
        later = connection.scalar(sa.select(sa.func.count()).where(table.c.instant > bound))
        ordered = list(connection.scalars(sa.select(table.c.instant).order_by(table.c.instant)))
    assert later == sum(moment > bound for moment in moments)
    assert ordered == sorted(moments)


@given(words=st.lists(TEXT, min_size=1, max_size=6))
def test_text_is_ordered_by_code_point(cabinet: Cabinet, words: list[str]) -> None:
    table = cabinet.table
    with cabinet.crm.database.connection() as connection:
        connection.execute(table.insert(), [{"short": word} for word in words])
        assert list(connection.scalars(sa.select(table.c.short).order_by(table.c.short))) == sorted(words)


@given(value=st.dictionaries(TEXT, JSON, max_size=4))
def test_json_text_is_read_as_it_was(value: Any) -> None:
    assert from_json(to_json(value)) == value


def test_json_has_a_form_for_every_value_of_a_field() -> None:
    ident = new_id()
    value = {
        "money": Money(Decimal("1.50"), "EUR"),
        "date": PartialDate(month=2, day=29),
        "at": datetime(2026, 3, 15, 12, tzinfo=UTC),
        "id": ident,
        "number": Decimal("0.000001"),
        "words": ("a", "b"),
    }
    assert from_json(to_json(value)) == {
        "money": {"amount": "1.50", "currency": "EUR"},
        "date": "--02-29",
        "at": "2026-03-15T12:00:00Z",
        "id": str(ident),
        "number": "0.000001",
        "words": ["a", "b"],
    }
    with pytest.raises(TypeError, match="object has no JSON form"):
        to_json(object())


def test_whole_records_come_back_exactly_alone_and_in_batches(crm: Crm) -> None:
    customer = Customer(
        name="Ærø 🗻 𠀋",
        birth_date=PartialDate(month=2, day=29),
        employees=2**63 - 1,
        annual_revenue=Money(Decimal("9000000000000"), "EUR"),
        description="line\nline\ttab 'quoted' \"double\" \\ %s %(x)s :name ?",
        country="DE",
    )
    bare = Customer(name="x")
    product = Product(sku="a'b", name="P", price=Money(Decimal("-0.000001"), "JPY"), introduced=date(1, 1, 1))
    asset = Asset(customer_id=customer.id, product_id=product.id, name="A", warranty_until=date(9999, 12, 31))
    moment = datetime(2026, 3, 15, 12, 0, 0, 1, tzinfo=UTC)
    call = Interaction(kind="call", status="planned", occurred_at=moment, money=Money(Decimal(0), "EUR"))
    lines = [
        InteractionLine(interaction_id=call.id, position=n, quantity=Decimal(n).scaleb(-6), amount=Decimal(n))
        for n in range(1, 4)
    ]
    claim = IdentityClaim(channel="x", raw={"deep": [{"a": 1, "é": None, "t": True}], "x": 1.5}, candidates=({"b": 2},))
    records = [customer, bare, product, asset, call, *lines, claim]
    with crm.session() as s:
        s.add(*records)
    with crm.session() as s:
        for record in records:
            assert s.get(type(record), record.id) == record
        # The same once more, changed in one statement for several records.
        s.update(*[change(s.get(InteractionLine, line.id), amount=Decimal("1.25"), unit="kg") for line in lines])
        s.update(change(s.get(Customer, bare.id), annual_revenue=Money(Decimal("1.1"), "CNY"), custom={}))
    with crm.session() as s:
        assert {(line.amount, line.unit) for line in s.list(InteractionLine)} == {(Decimal("1.25"), "kg")}
        assert s.get(Customer, bare.id).annual_revenue == Money(Decimal("1.1"), "CNY")


def test_an_instant_keeps_its_microseconds_over_centuries(crm: Crm) -> None:
    moments = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(microseconds=1) for year in (1, 1582, 1899, 2038, 9999)]
    calls = [Interaction(kind="call", occurred_at=moment) for moment in moments]
    with crm.session() as s:
        s.add(*calls)
    with crm.session() as s:
        assert [call.occurred_at for call in s.list(Interaction, order="occurred_at")] == moments
