"""What a record was, what became of it and who did it, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import CustomField, change
from crmkit.core.errors import NotFound
from crmkit.core.interaction import Interaction
from crmkit.core.journal import ImportRun
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.ids import new_id
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate
from crmkit.hooks.causation import Cause
from crmkit.runtime.config import Config
from crmkit.runtime.crm import Crm
from crmkit.services.history import FieldChange, HistoryErased, as_of, as_of_all, changes, diff
from crmkit.store.erasing import erase_deltas
from tests.conftest import OpenCrm
from tests.store.staff import make_staff

CUSTOM = Config(
    custom_fields=(
        CustomField(entity="customer", name="rating", type="decimal"),
        CustomField(entity="customer", name="since", type="date"),
    )
)


@pytest.fixture
def crm(open_crm: OpenCrm) -> Crm:
    return open_crm(config=CUSTOM)


def save(crm: Crm, record: Any, **values: Any) -> Any:
    """Store a record, new or changed, and return it as it is read again."""
    with crm.session() as s:
        changed = change(record, **values)
        s.update(changed) if record.version else s.add(changed)
    return read(crm, record)


def read(crm: Crm, record: Any) -> Any:
    with crm.session(reads=True) as s:
        (found,) = s.list(type(record), id=record.id, deleted=True)
        return found


# -- as of -------------------------------------------------------------------------------------------------------------

amounts = st.decimals(min_value=-1_000, max_value=1_000, places=3)
moneys = st.none() | st.builds(Money, amounts, st.sampled_from(["EUR", "JPY", "USD"]))
words = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8).map(str.strip)
days = st.dates(date(1900, 1, 1), date(2100, 1, 1))
partial_dates = st.builds(
    lambda day, known: PartialDate(day.year if known else None, day.month, day.day), days, st.booleans()
)
custom = st.fixed_dictionaries({}, optional={"rating": amounts.map(lambda a: +a), "since": days})
instants = st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))

customer_changes = st.fixed_dictionaries(
    {},
    optional={
        "nickname": words,
        "birth_date": st.none() | partial_dates,
        "employees": st.none() | st.integers(0, 10**6),
        "annual_revenue": moneys,
        "description": words,
        "custom": custom,
    },
)
interaction_changes = st.fixed_dictionaries(
    {}, optional={"subject": words, "money": moneys, "occurred_at": instants, "ended_at": st.none() | instants}
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("customer"), customer_changes),
        st.tuples(st.just("interaction"), interaction_changes),
        st.tuples(st.sampled_from(["delete", "restore"]), st.sampled_from(["customer", "interaction"])),
        st.tuples(st.just("wait"), st.integers(0, 3)),
    ),
    max_size=12,
)


@settings(
    max_examples=settings.default.max_examples // 10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=steps, data=st.data())
def test_a_record_is_at_every_moment_what_it_was_then(
    crm: Crm, clock: FixedClock, steps: list[tuple[str, Any]], data: st.DataObject
) -> None:
    begin = clock.now()
    clock.advance(minutes=1)
    records = {
        "customer": save(crm, Customer(name="A")),
        "interaction": save(
            crm, Interaction(kind="note", status="planned", occurred_at=begin, external_key=str(new_id()))
        ),
    }
    known: dict[datetime, dict[str, Any]] = {clock.now(): dict(records)}
    for step, argument in steps:
        if step == "wait":
            clock.advance(seconds=argument)
        elif step in ("delete", "restore"):
            gone = records[argument].deleted_at is not None
            if (step == "restore") == gone:
                with crm.session() as s:
                    s.restore(type(records[argument]), records[argument].id) if gone else s.delete(records[argument])
                records[argument] = read(crm, records[argument])
        elif records[step].deleted_at is None:
            records[step] = save(crm, records[step], **argument)
        known[clock.now()] = dict(records)
    asked = data.draw(st.permutations(sorted(known)))
    with crm.session(reads=True) as s:
        for instant in asked:
            for name, expected in known[instant].items():
                cls = type(expected)
                assert as_of(s, cls, expected.id, instant, deleted=True) == expected, name
                visible = None if expected.deleted_at is not None else expected
                assert as_of(s, cls, expected.id, instant + timedelta(microseconds=0)) == visible
        assert as_of(s, Customer, records["customer"].id, begin) is None
        assert as_of(s, Interaction, records["interaction"].id, begin, deleted=True) is None


def test_the_past_has_values_of_the_right_types(crm: Crm, clock: FixedClock) -> None:
    money, born = Money.of("12.50", "EUR"), PartialDate(None, 2, 29)
    held = {"rating": Decimal("4.5"), "since": date(2020, 1, 2)}
    first = save(crm, Customer(name="A", annual_revenue=money, birth_date=born, custom=held))
    then = clock.now()
    clock.advance(days=1)
    save(crm, first, annual_revenue=None, birth_date=None, custom={})
    with crm.session(reads=True) as s:
        past = as_of(s, Customer, first.id, then)
    assert past is not None
    assert (past.annual_revenue, past.birth_date, dict(past.custom)) == (money, born, held)
    assert (type(past.custom["rating"]), type(past.custom["since"])) == (Decimal, date)
    assert past == first


def test_clocks_that_disagree_do_not_take_a_record_apart(crm: Crm, clock: FixedClock) -> None:
    start = clock.now()
    first = save(crm, Customer(name="A"))
    clock.advance(seconds=10)
    second = save(crm, first, nickname="ahead")
    clock.set(start + timedelta(seconds=5))
    third = save(crm, second, description="behind")
    with crm.session(reads=True) as s:
        assert as_of(s, Customer, first.id, start + timedelta(seconds=4)) == first
        assert as_of(s, Customer, first.id, start + timedelta(seconds=6)) == third


def test_many_records_take_as_many_queries_as_one(crm: Crm, clock: FixedClock) -> None:
    with crm.session() as s:
        s.add(*[Customer(name=f"C{n}") for n in range(30)])
    then = clock.now()
    clock.advance(days=1)
    with crm.session() as s:
        old = s.list(Customer)
        s.update(*[change(record, nickname="new") for record in old[:20]])
        s.delete(*old[20:25])
        s.add(Customer(name="late"))
    with crm.session(reads=True) as s:
        ids = [record.id for record in s.list(Customer, deleted=True)]
        count = _Count(s)
        past = as_of_all(s, Customer, ids, then)
        assert count() <= 3
        assert dict(past.records) == {record.id: record for record in old}
        assert past.erased == frozenset()
        now = as_of_all(s, Customer, ids, clock.now())
        assert {r.nickname for r in now.records.values()} == {"", "new"}
        assert len(now.records) == 26


class _Count:
    """Counts the statements of a session's connection from now on."""

    def __init__(self, session: Any) -> None:
        import sqlalchemy as sa

        self._seen = 0
        sa.event.listen(session.connection, "before_cursor_execute", self._note)

    def _note(self, *arguments: Any) -> None:
        self._seen += 1

    def __call__(self) -> int:
        return self._seen


def test_what_was_changed_in_this_session_counts(crm: Crm, clock: FixedClock) -> None:
    first = save(crm, Customer(name="A"))
    then = clock.now()
    clock.advance(hours=1)
    with crm.session() as s:
        s.update(change(s.get(Customer, first.id), nickname="pending"))
        now = as_of(s, Customer, first.id, clock.now())
        assert now is not None
        assert now.nickname == "pending"
        assert as_of(s, Customer, first.id, then) == first


def test_an_erased_past_is_told_from_none(crm: Crm, clock: FixedClock) -> None:
    before = clock.now()
    clock.advance(hours=1)
    first = save(crm, Customer(name="A"))
    then = clock.now()
    clock.advance(hours=1)
    second = save(crm, first, name="B")
    with crm.session() as s:
        assert erase_deltas(s, [first.id]) == 2
    with crm.session(reads=True) as s:
        with pytest.raises(HistoryErased, match="was erased"):
            as_of(s, Customer, first.id, then)
        assert as_of(s, Customer, first.id, before) is None
        assert as_of(s, Customer, first.id, clock.now()) == second
        many = as_of_all(s, Customer, [first.id], then)
        assert (dict(many.records), set(many.erased)) == ({}, {first.id})
        told = [(entry.action, entry.erased, entry.fields) for entry in changes(s, Customer, first.id)]
        assert told == [("erased", False, ()), ("updated", True, ()), ("created", True, ())]


# -- changes -----------------------------------------------------------------------------------------------------------


def test_changes_say_who_when_through_which_plugin_and_why(crm: Crm, clock: FixedClock) -> None:
    anna = make_staff(crm).actor("anna", ("customer", "*", "all"))
    run = save(crm, ImportRun(name="northwind", path="n.sql", fingerprint="0" * 64))
    with crm.session(anna, cause=Cause(event_id=run.id)) as s:
        made = Customer(name="A", employees=3)
        s.add(made)
    clock.advance(days=1)
    first = clock.now()
    with crm.session(anna.for_plugin("scoring")) as s:
        s.update(change(s.get(Customer, made.id), employees=None, custom={"rating": Decimal("2.5")}))
    clock.advance(days=1)
    save(crm, read(crm, made), deleted_at=clock.now())
    with crm.session(reads=True) as s:
        deleted, updated, created = changes(s, Customer, made.id)
        assert [(e.who, e.plugin, e.cause) for e in (deleted, updated, created)] == [
            ("", "", ""),
            ("anna", "scoring", ""),
            ("anna", "", "import northwind"),
        ]
        assert updated.occurred_at == first
        assert updated.fields == (
            FieldChange("employees", 3, None),
            FieldChange("rating", None, Decimal("2.5")),
        )
        assert FieldChange("name", None, "A") in created.fields
        assert deleted.fields == (FieldChange("deleted_at", None, clock.now()),)
        assert (deleted.action, deleted.version) == ("deleted", 3)
        assert changes(s, Customer, made.id, since=first, until=first) == (updated,)
        assert changes(s, Customer, made.id, since=first + timedelta(seconds=1)) == (deleted,)
        assert changes(s, Customer, made.id, limit=2) == (deleted, updated)


def test_a_cause_that_is_an_event_is_named(crm: Crm) -> None:
    first, second = save(crm, Customer(name="A")), Customer(name="B")
    with crm.session(reads=True) as s:
        (event,) = changes(s, Customer, first.id)
    with crm.session(cause=Cause(event_id=event.id)) as s:
        s.add(second)
    with crm.session(reads=True) as s:
        (made,) = changes(s, Customer, second.id)
    assert made.cause == f"customer.created {first.id}"
    assert made.cause_id == event.id


# -- the difference between two moments --------------------------------------------------------------------------------


def test_diff_compares_two_moments_in_either_order(crm: Crm, clock: FixedClock) -> None:
    before = clock.now()
    clock.advance(hours=1)
    record = save(crm, Customer(name="A", nickname="x", custom={"rating": Decimal(1)}))
    made = clock.now()
    clock.advance(hours=1)
    record = save(crm, record, nickname="y")
    clock.advance(hours=1)
    record = save(crm, record, nickname="x", employees=5, custom={"rating": Decimal(2)})
    with crm.session(reads=True) as s:
        expected = (FieldChange("employees", None, 5), FieldChange("rating", Decimal(1), Decimal(2)))
        assert diff(s, Customer, record.id, made, clock.now()) == expected
        back = diff(s, Customer, record.id, clock.now(), made)
        assert {(c.name, c.before, c.after) for c in back} == {("employees", 5, None), ("rating", 2, 1)}
        assert diff(s, Customer, record.id, made, made) == ()
        from_nothing = diff(s, Customer, record.id, before, made)
        assert {(c.name, c.after) for c in from_nothing} == {
            ("kind", "person"), ("name", "A"), ("nickname", "x"), ("rating", 1),
        }  # fmt: skip
        assert {c.before for c in from_nothing} == {None}


# -- access ------------------------------------------------------------------------------------------------------------


def test_history_takes_the_right_to_read_the_record_now(crm: Crm, clock: FixedClock) -> None:
    staff = make_staff(crm)
    anna = staff.actor("anna", ("customer", "read", "own"))
    theirs = save(crm, Customer(name="A", owner_id=staff.users["ben"].id))
    point = save(crm, ContactPoint(customer_id=theirs.id, kind="email", value="a@example.com"))
    with crm.session(anna, reads=True) as s:
        for cls, record in ((Customer, theirs), (ContactPoint, point)):
            for ask in _questions(s, cls, record.id, clock.now()):
                with pytest.raises(NotFound):
                    ask()
            assert as_of_all(s, cls, [record.id], clock.now()).records == {}
    clock.advance(days=1)
    save(crm, theirs, owner_id=staff.users["anna"].id)
    with crm.session(anna, reads=True) as s:
        assert as_of(s, Customer, theirs.id, clock.now() - timedelta(hours=1)) == theirs
        assert [entry.action for entry in changes(s, Customer, theirs.id)] == ["updated", "created"]


def _questions(session: Any, cls: Any, id: Any, instant: datetime) -> Iterator[Any]:
    yield lambda: as_of(session, cls, id, instant)
    yield lambda: changes(session, cls, id)
    yield lambda: diff(session, cls, id, instant, instant)


def test_another_tenants_history_is_nobodys(open_crm: OpenCrm, crm: Crm, clock: FixedClock) -> None:
    record = save(crm, Customer(name="A"))
    with open_crm(config=CUSTOM, tenant="another").session(reads=True) as s:
        for ask in _questions(s, Customer, record.id, clock.now()):
            with pytest.raises(NotFound):
                ask()


def test_plugins_reach_history_through_services(crm: Crm, clock: FixedClock) -> None:
    first = save(crm, Customer(name="A"))
    then = clock.now()
    clock.advance(days=1)
    save(crm, first, name="B")
    with crm.session(reads=True) as s:
        services = crm.services_for(s)
        assert services.as_of(Customer, first.id, then) == first
        assert [entry.action for entry in services.changes(Customer, first.id)] == ["updated", "created"]
        assert services.diff(Customer, first.id, then, clock.now()) == (FieldChange("name", "A", "B"),)
