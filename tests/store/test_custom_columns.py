"""Filterable custom fields: a column that says what the JSON says, whatever is written, in filters and in lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.core.access import Actor
from crmkit.core.customer import Customer
from crmkit.core.entity import CustomField, change
from crmkit.core.errors import AccessDenied, BadInput, ConfigError, SchemaOutdated, ValidationFailed
from crmkit.core.filter import FilterContext, evaluate, parse
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.partial_date import PartialDate
from crmkit.runtime.crm import Crm
from crmkit.store.migration import fill_chunk, fill_columns, upgrade_schema
from crmkit.store.tenant_wall import EVERY_TENANT

TYPES = {
    "size": "integer",
    "limit": "decimal",
    "tier": "text",
    "active": "boolean",
    "since": "date",
    "born": "partial_date",
    "seen": "instant",
    "broker": "id",
}

BROKER = UUID(int=7)


def fields(*filterable: str, types: Mapping[str, str] = TYPES) -> dict[str, Any]:
    """Return a configuration with custom fields of customers, some of them filterable."""
    custom = [
        {"entity": "customer", "name": name, "type": type_, "filterable": name in filterable}
        for name, type_ in types.items()
    ]
    return {"custom_fields": custom}


ALL = fields(*TYPES)

VALUES: list[Mapping[str, Any]] = [
    {},
    {"size": 41, "limit": Decimal("12.5"), "tier": "Gold", "active": True, "since": date(2024, 2, 29)},
    {"size": -3, "limit": Decimal("-0.000001"), "tier": "gold", "active": False, "since": date(1999, 1, 1)},
    {"born": PartialDate(year=1980), "seen": datetime(2025, 12, 31, 23, 59, 59, 5, UTC), "broker": BROKER},
    {"born": PartialDate(month=2, day=29), "seen": datetime(1969, 1, 1, tzinfo=UTC), "tier": "Ärger"},
    {"size": 2**62, "limit": Decimal(8_999_999_999_999), "tier": "", "size_": None} | {"active": None},
]
VALUES[-1] = {name: value for name, value in VALUES[-1].items() if name in TYPES}

FILTERS = [
    "size = 41",
    "size > 0",
    "size in (41, -3)",
    "not (size <= 41)",
    "size = 41.5",
    "size is empty",
    "limit > 12.4999999",
    "limit < 0",
    "limit = 12.50",
    "tier = gold",
    "tier != gold",
    "tier is empty",
    "tier starts with g",
    "tier contains ä",
    "active = true",
    "active = false",
    "not (active = true)",
    "active is empty",
    "since >= 2000-01-01",
    "since is empty",
    "born >= 1970",
    "born is empty",
    "seen > 2000-01-01",
    "seen.hour = 23",
    "seen.month = 12",
    "broker = 00000000-0000-0000-0000-000000000007",
    "broker is empty",
]


def names(crm: Crm, text: str, **options: Any) -> list[str]:
    with crm.session(reads=True) as session:
        return [one.name for one in session.list(Customer, text, **options)]


def plans(crm: Crm, statement: str) -> str:
    """Return how the database would find what a statement asks for."""
    explain = "EXPLAIN QUERY PLAN " if crm.database.dialect == "sqlite" else "EXPLAIN "
    with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        if crm.database.dialect == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return "\n".join(str(tuple(row)) for row in connection.exec_driver_sql(explain + statement))


def columns(crm: Crm) -> list[Mapping[str, Any]]:
    with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        table = crm.database.tables["customer"]
        mine = [column for column in table.c if column.name.startswith("custom_")]
        return [dict(row) for row in connection.execute(sa.select(*mine).order_by(table.c.name)).mappings()]


def add(crm: Crm, values: Sequence[Mapping[str, Any]] = VALUES) -> None:
    with crm.session() as session:
        session.add(*[Customer(name=f"{number:03}", custom=custom) for number, custom in enumerate(values)])


# -- the same in all ways ---------------------------------------------------------------------------------------------


def test_filters_on_columns_find_what_filters_on_json_and_in_python_find(database_url: str, clock: FixedClock) -> None:
    with Crm.open(database_url, plugins=[], config=fields(), clock=clock) as crm:
        add(crm)
        found = {text: names(crm, text, order="name") for text in FILTERS}
        context = FilterContext(now=clock.now(), zone="UTC", user=None)
        with crm.session(reads=True) as session:
            customers = session.list(Customer, order="name")
        for text in FILTERS:
            predicate = parse(text, crm.registry, "customer")
            assert [one.name for one in customers if evaluate(predicate, one, crm.registry, context)] == found[text], (
                text
            )
    with Crm.open(database_url, plugins=[], config=ALL, clock=clock, check=False) as crm:
        upgrade_schema(crm.database)
        # Not filled yet: filters read the JSON.
        assert {text: names(crm, text, order="name") for text in FILTERS} == found
        assert crm.registry.filled == frozenset()
        with pytest.raises(BadInput, match="order size: its column is still being filled"):
            names(crm, "", order="size")
        fill_columns(crm.database, size=2)
        assert crm.registry.filled == {("customer", name) for name in TYPES}
    with Crm.open(database_url, plugins=[], config=ALL, clock=clock) as crm:
        assert {text: names(crm, text, order="name") for text in FILTERS} == found
        filled = columns(crm)
    # A record that is written by the way has what a filled one has.
    with Crm.open("sqlite://", plugins=[], config=ALL, clock=clock) as crm:
        add(crm)
        assert [{name: str(value) for name, value in row.items()} for row in columns(crm)] == [
            {name: str(value) for name, value in row.items()} for row in filled
        ]
        assert {text: names(crm, text, order="name") for text in FILTERS} == found


_VALUE = {
    "size": st.integers(-(2**63) + 1, 2**63 - 1) | st.integers(-3, 3),
    "limit": st.decimals(-10, 10, places=6) | st.decimals(-9_000_000_000_000, 9_000_000_000_000, places=6),
    "tier": st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=5)
    | st.sampled_from(["gold", "Gold", "é"]),
    "active": st.booleans(),
    "since": st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    "seen": st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
}


@settings(max_examples=settings.default.max_examples // 12)
@given(customs=st.lists(st.fixed_dictionaries({}, optional=_VALUE), min_size=1, max_size=8), data=st.data())
def test_any_values_are_found_alike(customs: list[dict[str, Any]], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(_VALUE)))
    held = [custom[name] for custom in customs if name in custom]
    value = data.draw(st.sampled_from(held) if held else _VALUE[name])
    written = {bool: lambda v: str(v).lower(), datetime: lambda v: v.isoformat(), str: lambda v: f'"{v}"'}
    literal = (
        written.get(type(value), str)(value)
        if not isinstance(value, str)
        else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )
    texts = [f"{name} = {literal}", f"{name} is empty", f"not ({name} = {literal})"]
    if name not in ("tier", "active"):
        texts += [f"{name} > {literal}", f"{name} <= {literal}"]
    found = []
    for config in (fields(), ALL):
        with Crm.open(plugins=[], config=config) as crm:
            add(crm, customs)
            found.append([names(crm, text, order="name") for text in texts])
    assert found[0] == found[1], texts


# -- filled -----------------------------------------------------------------------------------------------------------


def test_filling_goes_on_where_it_was_and_takes_what_is_written_meanwhile(database_url: str, clock: FixedClock) -> None:
    sized = fields("size")
    with Crm.open(database_url, plugins=[], config=fields(), clock=clock) as crm:
        add(crm, [{"size": number} for number in range(25)])
    with pytest.raises(SchemaOutdated, match=r"add column customers\.custom_size\); run: crmkit db upgrade"):
        Crm.open(database_url, plugins=[], config=sized)
    with Crm.open(database_url, plugins=[], config=sized, check=False, clock=clock) as crm:
        state = upgrade_schema(crm.database)
        assert state.steps == ("add column customers.custom_size", "fill customers.custom_size")
        first = fill_chunk(crm.database, size=10)
        assert first is not None
        assert (first.done, first.total, first.finished) == (10, 25, False)
    # Another process goes on; meanwhile records are changed in front of it and behind it, and one comes new.
    with Crm.open(database_url, plugins=[], config=sized, clock=clock) as crm:
        assert crm.registry.filled == frozenset()
        with crm.session() as session:
            early, late = (session.find(Customer, name=name) for name in ("003", "020"))
            session.update(change(early, custom={"size": 103}), change(late, custom={"size": 120}))
            session.add(Customer(name="new", custom={"size": 200}))
        second = fill_chunk(crm.database, size=10)
        assert second is not None
        assert (second.done, second.finished) == (20, False)
        third = fill_chunk(crm.database, size=10)
        assert third is not None
        assert third.finished
        assert fill_chunk(crm.database) is None
        wanted = {3: 103, 20: 120} | {n: n for n in range(25) if n not in (3, 20)}
        assert [row["custom_size"] for row in columns(crm)] == [*(wanted[n] for n in range(25)), 200]
        with crm.session(reads=True) as session:
            assert {one.version for one in session.list(Customer, "size < 100")} == {1}


def test_a_job_of_the_worker_fills_columns_too(database_url: str, clock: FixedClock) -> None:
    with Crm.open(database_url, plugins=[], config=fields(), clock=clock) as crm:
        add(crm, [{"size": number} for number in range(5)])
    with Crm.open(database_url, plugins=[], config=fields("size"), check=False, clock=clock) as crm:
        upgrade_schema(crm.database)
        with crm.session() as session:
            session.enqueue("crmkit.fill_columns")
        assert ("crmkit.fill_columns", "done") in {(job.name, job.state) for job in crm.jobs.run_due()}
        assert crm.registry.filled == {("customer", "size")}
        assert [row["custom_size"] for row in columns(crm)] == list(range(5))


def test_a_value_that_the_column_cannot_hold_stops_the_filling_and_is_named(
    database_url: str, clock: FixedClock
) -> None:
    with Crm.open(database_url, plugins=[], config=fields(types={"size": "decimal"}), clock=clock) as crm:
        add(crm, [{"size": Decimal(1)}, {"size": Decimal("12.5")}])
        with crm.session(reads=True) as session:
            odd = session.find(Customer, name="001").id
    sized = fields("size", types={"size": "integer"})
    with Crm.open(database_url, plugins=[], config=sized, check=False) as crm:
        upgrade_schema(crm.database)
        with pytest.raises(BadInput, match=rf"customer {odd}: custom\.size is .*12\.5.*type integer cannot hold"):
            fill_columns(crm.database)
        assert names(crm, "size > 2") == ["001"]
        with crm.session() as session:
            session.update(change(session.get(Customer, odd), custom={"size": 12}))
        (filled,) = fill_columns(crm.database)
        assert filled.finished
        assert names(crm, "size > 2") == ["001"]


def test_turned_off_the_values_stay_and_turned_on_again_they_are_right(database_url: str, clock: FixedClock) -> None:
    sized, plain = fields("size"), fields()
    with Crm.open(database_url, plugins=[], config=sized, clock=clock) as crm:
        add(crm, [{"size": 1}, {"size": 2}, {}])
        assert names(crm, "size = 2") == ["001"]
    # Off, without any upgrade: it opens, and what is written does not reach the column.
    with Crm.open(database_url, plugins=[], config=plain, clock=clock) as crm:
        assert crm.schema_state().steps == ("drop column customers.custom_size",)
        with crm.session() as session:
            session.update(change(session.find(Customer, name="000"), custom={"size": 2}))
            session.update(change(session.find(Customer, name="001"), custom={}))
            session.add(Customer(name="003", custom={"size": 2}))
        assert names(crm, "size = 2", order="name") == ["000", "003"]
    # On again: the column is out of date, and nothing reads it before it is filled anew.
    with Crm.open(database_url, plugins=[], config=sized, clock=clock) as crm:
        assert crm.schema_state().steps == ("fill customers.custom_size",)
        assert names(crm, "size = 2", order="name") == ["000", "003"]
        crm.upgrade_schema()
        assert crm.registry.filled == {("customer", "size")}
        assert names(crm, "size = 2", order="name") == ["000", "003"]
        assert [row["custom_size"] for row in columns(crm)] == [2, None, None, 2]
    # Off for good.
    with Crm.open(database_url, plugins=[], config=plain, clock=clock) as crm:
        crm.upgrade_schema()
        assert crm.schema_state().steps == ()
        with crm.database.connection(reads=True) as connection:
            found = {column["name"] for column in sa.inspect(connection).get_columns("customers")}
        assert "custom_size" not in found
        assert names(crm, "size = 2", order="name") == ["000", "003"]


# -- written, sorted, found -------------------------------------------------------------------------------------------


def test_every_way_of_writing_fills_the_column(database_url: str, clock: FixedClock) -> None:
    with Crm.open(database_url, plugins=[], config=fields("size", "tier"), clock=clock) as crm:
        with crm.session() as session:
            session.add(Customer(name="000", custom={"size": 1}))
        add(crm, [{}, {"size": 7, "tier": "b"}])
        with crm.session() as session:
            one = session.find(Customer, name="001")
            session.update(change(one, custom={"tier": "c"}))
            for other in session.list(Customer, name="000"):
                session.update(change(other, name="x" + other.name))
        assert sorted(str(tuple(row.values())) for row in columns(crm)) == ["(1, '')", "(None, '')", "(None, 'c')"]
        with crm.session() as session:
            session.bulk_upsert(Customer, [Customer(name=f"z{n}", custom={"size": 5}) for n in range(3)], ("name",))
            session.bulk_upsert(Customer, [Customer(name="z1", custom={"size": 6})], ("name",))
        assert names(crm, "size = 5", order="name") == ["z0", "z2"]
        assert names(crm, "size = 6") == ["z1"]


def test_lists_are_sorted_by_custom_fields_page_by_page(database_url: str, clock: FixedClock) -> None:
    customs: list[Mapping[str, Any]] = [
        {"size": 3, "tier": "b", "since": date(2020, 1, 1), "limit": Decimal("1.5")},
        {},
        {"size": -1, "tier": "a", "since": date(2019, 1, 1), "limit": Decimal("-2")},
        {"size": 3, "tier": "b", "active": True, "seen": clock.now(), "born": PartialDate(year=1980)},
        {"size": 2, "tier": "c", "active": False, "broker": BROKER},
    ]
    with Crm.open(database_url, plugins=[], config=ALL, clock=clock) as crm:
        add(crm, customs)
        for name in TYPES:
            for word in (name, f"-{name}"):
                order = f"{word},name"
                whole = names(crm, "", order=order)
                assert len(whole) == 5
                paged: list[str] = []
                with crm.session(reads=True) as session:
                    cursor, first = "", True
                    while cursor or first:
                        page = session.page(Customer, order=order, limit=2, after=cursor)
                        paged += [one.name for one in page.records]
                        cursor, first = page.next, False
                assert paged == whole, order
        assert names(crm, "", order="size,name") == ["001", "002", "004", "000", "003"]
        assert names(crm, "", order="-tier,name") == ["004", "000", "003", "002", "001"]
        with pytest.raises(BadInput, match="cannot be sorted by it"):
            names(crm, "", order="nothing")


def test_the_index_is_used(database_url: str, clock: FixedClock) -> None:
    with Crm.open(database_url, plugins=[], config=fields("size"), clock=clock) as crm:
        add(crm, [{"size": number} for number in range(300)])
        with crm.database.connection(tenant=EVERY_TENANT) as connection:
            connection.exec_driver_sql("ANALYZE customers")
            connection.commit()
        tenant = crm.system.tenant_id
        mine = f"x'{tenant.hex}'" if crm.database.dialect == "sqlite" else f"'{tenant}'"
        plan = plans(crm, f"SELECT name FROM customers WHERE tenant_id = {mine} AND custom_size = 3")
        assert "ix_customers_custom_size" in plan
        statements: list[str] = []
        sa.event.listen(
            crm.database.engine, "before_cursor_execute", lambda c, cursor, statement, *_: statements.append(statement)
        )
        names(crm, "size = 3")
        assert any("custom_size" in statement and "json_extract" not in statement for statement in statements)


def test_who_may_not_read_a_field_does_not_see_its_column(database_url: str, clock: FixedClock, as_actor: Any) -> None:
    with Crm.open(database_url, plugins=[], config=fields("size"), clock=clock) as crm:
        add(crm, [{"size": 4}])
        actor: Actor = as_actor(crm)
        with crm.session(actor, reads=True) as session:
            table = session.table(Customer)
            for ask in (
                lambda: session.list(Customer, "size = 4"),
                lambda: session.list(Customer, order="size"),
                lambda: session.execute(sa.select(table.c.custom_size)).all(),
            ):
                with pytest.raises(AccessDenied, match=r"customer\.size"):
                    ask()


@pytest.fixture
def as_actor() -> Any:
    def make(crm: Crm) -> Actor:
        grant = {"entity": "customer", "action": "read", "scope": "all", "fields": ["*", "-size"]}
        user, role = User(login="anna", name="Anna"), Role(name="clerk", grants=(grant,))
        with crm.session() as session:
            session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
        return crm.actor("anna")

    return make


def test_words_cannot_be_filterable_and_texts_are_bounded() -> None:
    with pytest.raises(ConfigError, match="a list of words has no order and cannot be filterable"):
        CustomField(entity="customer", name="x", type="words", filterable=True).info()
    assert CustomField(entity="customer", name="x", filterable=True).info().max_length == 500
    assert CustomField(entity="customer", name="x", filterable=True, max_length=20).info().max_length == 20
    assert CustomField(entity="customer", name="x").info().max_length == 10_000


def test_custom_values_of_a_plugin_that_is_gone_do_not_keep_records_from_being_saved(database_url: str) -> None:
    with Crm.open(database_url, plugins=[], config=fields("size")) as crm:
        add(crm, [{"size": 4, "tier": "gold"}])
    with Crm.open(database_url, plugins=[], config={}) as crm:
        with crm.session() as session:
            found = session.find(Customer, name="000")
            session.update(change(found, name="renamed"))
        with crm.session(reads=True) as session:
            assert dict(session.find(Customer, name="renamed").custom) == {"size": 4, "tier": "gold"}
        with pytest.raises(ValidationFailed, match="a known custom field of customer"), crm.session() as session:
            session.update(change(session.find(Customer, name="renamed"), custom={"size": 5, "tier": "gold"}))
