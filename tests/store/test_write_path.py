"""The one write path: what a session sees, what it writes, and what stands in the log afterwards."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
import pytest
import sqlalchemy as sa

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import (
    AccessDenied,
    ConfigError,
    CrmError,
    NotFound,
    StaleVersion,
    ValidationFailed,
)
from crmkit.core.interaction import Interaction, InteractionLine
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.product import Product
from crmkit.core.staff import Team, User
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.ids import new_id
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate
from crmkit.runtime.crm import Crm


def make(crm: Crm, *records: Any) -> Any:
    with crm.session() as s:
        s.add(*records)
    return records[0]


def entries(crm: Crm, record: Any) -> list[AuditEntry]:
    with crm.session(reads=True) as s:
        return s.list(AuditEntry, record_id=record.id)


class Statements:
    """What a CRM sends to its database, besides begin and commit."""

    def __init__(self, crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
        self.updates: list[tuple[str, tuple[str, ...], int]] = []
        writer = crm.database.writer
        update = writer.update

        def seen(cursor: Any, entity: str, columns: tuple[str, ...], rows: Any) -> int:
            self.updates.append((entity, columns, len(rows)))
            return update(cursor, entity, columns, rows)

        monkeypatch.setattr(writer, "update", seen)


# -- what a session sees ----------------------------------------------------------------------------------------------


def test_one_record_is_one_object(crm: Crm) -> None:
    anna = make(crm, Customer(name="Anna"))
    with crm.session() as s:
        first = s.get(Customer, anna.id)
        assert s.get(Customer, str(anna.id)) is first
        assert s.find(Customer, name="Anna") is first
        assert s.list(Customer) == [first]
        assert s.list(Customer)[0] is first
    with crm.session() as s:
        assert s.get(Customer, anna.id) is not first


def test_reads_see_what_is_not_written_yet(crm: Crm) -> None:
    with crm.session() as s:
        anna = Customer(name="Anna")
        s.add(anna)
        assert s.get(Customer, anna.id) is anna
        assert s.count(Customer) == 1
        s.update(change(anna, name="Anne"))
        assert s.find(Customer, name="Anna") is None
        assert [c.name for c in s.list(Customer, 'name = "anne"')] == ["Anne"]
        s.delete(s.get(Customer, anna.id))
        assert s.count(Customer) == 0
        with pytest.raises(NotFound):
            s.get(Customer, anna.id)


def test_other_sessions_see_it_after_the_commit_alone(crm: Crm) -> None:
    with crm.session() as s:
        s.add(Customer(name="Anna"))
        s.flush()
        with crm.session(reads=True) as other:
            assert other.count(Customer) == 0
    with crm.session(reads=True) as other:
        assert other.count(Customer) == 1


def test_the_store_fills_the_bookkeeping(crm: Crm, clock: FixedClock) -> None:
    made_at = clock.now()
    anna = make(crm, change(Customer(name="Anna"), version=9, updated_by=new_id()))
    assert (anna.version, anna.created_at, anna.updated_at, anna.updated_by) == (1, made_at, made_at, None)
    clock.advance(hours=1)
    with crm.session() as s:
        s.update(change(s.get(Customer, anna.id), name="Anne", created_at=clock.now()))
    with crm.session() as s:
        read = s.get(Customer, anna.id)
    assert (read.version, read.created_at, read.updated_at) == (2, made_at, clock.now())


# -- what is written --------------------------------------------------------------------------------------------------


def test_several_changes_of_a_record_are_one_update(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = make(crm, Customer(name="Anna"))
    seen = Statements(crm, monkeypatch)
    with crm.session() as s:
        for name in ("A", "B", "C"):
            s.update(change(s.get(Customer, anna.id), name=name))
        s.update(change(s.get(Customer, anna.id), industry="steel"))
    columns = ("name", "industry", "version", "updated_at", "updated_by")
    assert seen.updates == [("customer", columns, 1)]
    assert [entry.delta for entry in entries(crm, anna)][1:] == [{"name": ["Anna", "C"], "industry": ["", "steel"]}]


def test_a_change_back_writes_nothing(crm: Crm) -> None:
    anna = make(crm, Customer(name="Anna"))
    with crm.session() as s:
        s.update(change(s.get(Customer, anna.id), name="X"))
        s.update(change(s.get(Customer, anna.id), name="Anna"))
        s.update(change(s.get(Customer, anna.id), updated_by=new_id()))
    with crm.session() as s:
        assert s.get(Customer, anna.id).version == 1
    assert len(entries(crm, anna)) == 1


def test_changes_of_the_same_fields_are_one_statement(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [Customer(name=f"c{n}", annual_revenue=Money(Decimal(1), "EUR")) for n in range(40)]
    make(crm, *people)
    seen = Statements(crm, monkeypatch)
    with crm.session() as s:
        found = s.list(Customer)
        s.update(*[change(c, industry="x") for c in found[:30]])
        s.update(*[change(c, annual_revenue=Money(Decimal(n), "CNY")) for n, c in enumerate(found[30:], 2)])
    stamps = ("version", "updated_at", "updated_by")
    assert sorted(seen.updates, key=str) == sorted(
        [
            ("customer", ("industry", *stamps), 30),
            ("customer", ("annual_revenue_amount", "annual_revenue_currency", *stamps), 10),
        ],
        key=str,
    )
    with crm.session() as s:
        assert s.count(Customer, industry="x") == 30
        assert sorted(str(c.annual_revenue) for c in s.list(Customer, industry="")) == sorted(
            f"{n} CNY" for n in range(2, 12)
        )


def test_a_new_record_may_be_changed_before_it_is_written(crm: Crm) -> None:
    with crm.session() as s:
        anna = Customer(name="Anna")
        s.add(anna)
        s.update(change(anna, name="Anne"))
    assert [(entry.action, entry.delta["name"]) for entry in entries(crm, anna)] == [("created", "Anne")]


@pytest.mark.parametrize("backwards", [False, True])
def test_references_are_written_in_any_order(crm: Crm, backwards: bool) -> None:
    team = Team(name="North")
    boss = User(login="boss", name="Boss", team_id=team.id)
    clerk = User(login="clerk", name="Clerk", team_id=team.id, reports_to_id=boss.id)
    lead = change(team, owner_id=clerk.id)
    customer = Customer(name="C", owner_id=clerk.id, team_id=team.id)
    point = ContactPoint(customer_id=customer.id, kind="email", value="c@example.com")
    first = Interaction(kind="call", occurred_at=crm.clock.now())
    second = Interaction(kind="call", occurred_at=crm.clock.now(), supersedes_id=first.id)
    records = [lead, boss, clerk, customer, point, first, second]
    make(crm, *(reversed(records) if backwards else records))
    with crm.session() as s:
        assert s.get(Team, team.id).owner_id == clerk.id
        assert s.get(User, clerk.id).reports_to_id == boss.id
        assert s.get(Interaction, second.id).supersedes_id == first.id


def test_a_known_record_may_refer_to_a_new_one_in_one_flush(crm: Crm) -> None:
    clerk = make(crm, User(login="clerk", name="Clerk"))
    with crm.session() as s:
        boss = User(login="boss", name="Boss")
        s.update(change(s.get(User, clerk.id), reports_to_id=boss.id))
        s.add(boss)
    with crm.session() as s:
        assert s.get(User, clerk.id).reports_to_id == boss.id


def test_nobody_stands_above_himself(crm: Crm) -> None:
    one, two = User(login="one", name="One"), User(login="two", name="Two")
    with pytest.raises(CrmError, match="would stand above itself"):
        make(crm, change(one, reports_to_id=two.id), change(two, reports_to_id=one.id))
    with crm.session() as s:
        assert s.count(User) == 0


# -- versions ---------------------------------------------------------------------------------------------------------


def test_a_record_changed_elsewhere_meanwhile_is_stale(crm: Crm) -> None:
    anna = make(crm, Customer(name="Anna"))
    with crm.session() as s:
        old = s.get(Customer, anna.id)
    with crm.session() as s:
        s.update(change(s.get(Customer, anna.id), name="Anne"))
    with crm.session() as s, pytest.raises(StaleVersion, match="changed by somebody else since version 1") as caught:
        s.update(change(old, name="Hanna"))
    assert (caught.value.entity, caught.value.record_id, caught.value.version) == ("customer", anna.id, 1)


def test_a_record_changed_between_read_and_write_is_stale(crm: Crm) -> None:
    people = [Customer(name=f"c{n}") for n in range(5)]
    make(crm, *people)
    with crm.session() as s:
        found = s.list(Customer)
        s.commit()
        with crm.session() as other:
            other.update(change(other.get(Customer, people[3].id), name="changed"))
        s.update(*[change(c, industry="x") for c in found])
        with pytest.raises(StaleVersion) as caught:
            s.flush()
        s.rollback()
    assert caught.value.record_id == people[3].id
    with crm.session() as s:
        assert s.count(Customer, industry="x") == 0


def test_a_refused_change_can_be_corrected_and_saved(crm: Crm) -> None:
    make(crm, User(login="anna", name="Anna"))
    ben = make(crm, User(login="ben", name="Ben"))
    with crm.session() as s:
        wrong = change(s.get(User, ben.id), login="anna")
        s.update(wrong)
        with pytest.raises(ValidationFailed):
            s.flush()
        s.rollback()
    with crm.session() as s:
        s.update(change(wrong, login="bernd"))
    with crm.session() as s:
        assert s.get(User, ben.id).login == "bernd"


def test_an_unknown_record_cannot_be_changed(crm: Crm) -> None:
    with crm.session() as s:
        with pytest.raises(NotFound, match="no customer with id"):
            s.update(change(Customer(name="x"), version=1))
        with pytest.raises(NotFound):
            s.get(Customer, new_id())
        with pytest.raises(NotFound):
            s.restore(Customer, new_id())
        with pytest.raises(ConfigError, match="customer has no field nam; did you mean"):
            s.list(Customer, nam="x")


# -- deleting ---------------------------------------------------------------------------------------------------------


def test_deleted_records_are_out_of_sight_and_come_back(crm: Crm, clock: FixedClock) -> None:
    anna = make(crm, Customer(name="Anna"))
    with crm.session() as s:
        s.delete(s.get(Customer, anna.id))
    with crm.session() as s:
        assert (s.count(Customer), s.list(Customer), s.find(Customer, name="Anna")) == (0, [], None)
        assert s.peek(Customer, anna.id) is None
        (kept,) = s.list(Customer, deleted=True)
        assert kept.deleted_at == clock.now()
        with pytest.raises(NotFound):
            s.get(Customer, anna.id)
    with crm.session() as s:
        assert s.restore(Customer, anna.id).deleted_at is None
    with crm.session() as s:
        assert s.get(Customer, anna.id).name == "Anna"
    assert [entry.action for entry in entries(crm, anna)] == ["created", "deleted", "restored"]


# -- the log ----------------------------------------------------------------------------------------------------------


def test_each_change_leaves_an_audit_entry_and_an_event_of_one_id(crm: Crm, clock: FixedClock) -> None:
    anna = make(crm, Customer(name="Anna", birth_date=PartialDate(month=2, day=29), country="DE"))
    with crm.session() as s:
        s.update(change(s.get(Customer, anna.id), annual_revenue=Money(Decimal("1.5"), "EUR"), country=""))
    with crm.session() as s:
        s.delete(s.get(Customer, anna.id))
    with crm.session() as s:
        s.restore(Customer, anna.id)
    found = entries(crm, anna)
    assert [(entry.action, entry.version, entry.delta) for entry in found] == [
        ("created", 1, {"name": "Anna", "birth_date": "--02-29", "country": "DE"}),
        ("updated", 2, {"annual_revenue": [None, {"amount": "1.5", "currency": "EUR"}], "country": ["DE", ""]}),
        ("deleted", 3, {"deleted_at": [None, "2026-03-15T12:00:00Z"]}),
        ("restored", 4, {"deleted_at": ["2026-03-15T12:00:00Z", None]}),
    ]
    with crm.session(reads=True) as s:
        assert s.list(AuditEntry, record_id=anna.id) == found
        events = s.list(Event, record_id=anna.id, order="position")
        assert [s.get(Event, entry.id) for entry in found] == events
    assert [event.id for event in events] == [entry.id for entry in found]
    assert [event.type for event in events] == [f"customer.{entry.action}" for entry in found]
    assert {(event.entity, event.occurred_at, event.depth, event.cause_id) for event in events} == {
        ("customer", clock.now(), 0, None)
    }
    assert [event.position for event in events] == sorted({event.position for event in events})


def test_an_entry_names_who_acted(crm: Crm) -> None:
    user = make(crm, User(login="anna", name="Anna"))
    actor = crm.system.for_plugin("loyalty")
    with crm.session(actor) as s:
        s.add(Customer(name="by a plugin"))
    with crm.session(_as_user(crm, user.id)) as s:
        s.add(Customer(name="by a user"))
    with crm.session(reads=True) as s:
        who = [(e.delta["name"], e.actor_id, e.plugin) for e in s.list(AuditEntry, entity="customer")]
        mine = s.find(Customer, name="by a user")
    assert who == [("by a plugin", None, "loyalty"), ("by a user", user.id, "")]
    assert mine is not None
    assert (mine.owner_id, mine.created_by, mine.updated_by) == (user.id, user.id, user.id)


def _as_user(crm: Crm, user: UUID) -> Any:
    return attrs.evolve(crm.system, user_id=user)


def test_an_empty_session_touches_nothing(crm: Crm) -> None:
    with crm.session() as s:
        s.add()
        s.flush()
        assert s._connection is None
    with crm.session() as s:
        assert s.count(Event) == 0


def test_the_log_is_written_by_the_store_alone(crm: Crm) -> None:
    anna = make(crm, Customer(name="Anna"))
    (entry,) = entries(crm, anna)
    with crm.session() as s:
        for record in (entry, s.find(Event)):
            with pytest.raises(AccessDenied, match="is written by the store alone"):
                s.add(record)
            with pytest.raises(AccessDenied, match="is written by the store alone"):
                s.update(record)


def test_a_reading_session_writes_nothing(crm: Crm) -> None:
    with crm.session(reads=True) as s:
        s.add(Customer(name="x"))
        with pytest.raises(AccessDenied, match="this session only reads"):
            s.flush()
        s.rollback()
    with crm.session() as s:
        assert s.count(Customer) == 0


# -- failing ----------------------------------------------------------------------------------------------------------


def test_an_error_in_the_block_rolls_everything_back(crm: Crm) -> None:
    def work() -> None:
        with crm.session() as s:
            s.add(Customer(name="x"))
            s.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    with crm.session() as s:
        assert (s.count(Customer), s.count(AuditEntry), s.count(Event)) == (0, 0, 0)


def test_rollback_forgets_what_was_done_and_seen(crm: Crm) -> None:
    anna = make(crm, Customer(name="Anna"))
    with crm.session() as s:
        s.update(change(s.get(Customer, anna.id), name="X"))
        s.add(Customer(name="Y"))
        s.flush()
        s.rollback()
        assert [c.name for c in s.list(Customer)] == ["Anna"]
        s.add(Customer(name="Z"))
    with crm.session() as s:
        assert [c.name for c in s.list(Customer)] == ["Anna", "Z"]


def test_a_failure_while_writing_ends_the_session_and_leaves_nothing(crm: Crm) -> None:
    make(crm, User(login="anna", name="Anna"))
    with crm.session() as s:
        s.add(Customer(name="before"))
        s.flush()
        s.add(Customer(name="same flush"), User(login="anna", name="Other"))
        with pytest.raises(ValidationFailed):
            s.flush()
        for attempt in (s.flush, s.commit, lambda: s.count(Customer), lambda: s.list(User)):
            with pytest.raises(CrmError, match="this session failed while writing"):
                attempt()
        s.rollback()
    with crm.session() as s:
        assert (s.count(Customer), s.count(User), s.count(AuditEntry)) == (0, 1, 1)


def test_a_refused_flush_can_be_corrected_within_the_session(crm: Crm) -> None:
    with crm.session() as s:
        anna = Customer(name="")
        s.add(anna)
        with pytest.raises(ValidationFailed):
            s.flush()
        s.update(change(anna, name="Anna"))
    with crm.session() as s:
        assert s.get(Customer, anna.id).name == "Anna"


def test_all_field_errors_of_a_flush_come_at_once(crm: Crm) -> None:
    one, two, product = Customer(name="", country="XX"), Customer(name="x", employees=-1), Product(sku="", name="x")
    with crm.session() as s:
        s.add(one, two, product)
        with pytest.raises(ValidationFailed) as caught:
            s.flush()
        s.rollback()
    assert {(error.path, error.record_id) for error in caught.value.errors} == {
        ("customer.name", one.id),
        ("customer.country", one.id),
        ("customer.employees", two.id),
        ("product.sku", product.id),
    }


@pytest.mark.parametrize(
    "line",
    [
        {"quantity": Decimal("NaN"), "unit_price": Decimal(1)},
        {"quantity": Decimal("Infinity"), "unit_price": Decimal(0)},
        {"quantity": Decimal("sNaN"), "unit_price": Decimal(1)},
        {"quantity": Decimal(9 * 10**12), "unit_price": Decimal(9 * 10**12)},
        {"quantity": 1.5, "unit_price": Decimal(1)},
        {"quantity": None, "unit_price": Decimal(1)},
        {"amount": Decimal("NaN")},
    ],
    ids=str,
)
def test_impossible_numbers_are_field_errors_whatever_rules_compute_with_them(crm: Crm, line: dict[str, Any]) -> None:
    order = Interaction(kind="purchase", occurred_at=crm.clock.now(), money=Money(Decimal(0), "EUR"), sum_lines=True)
    make(crm, order)
    with crm.session() as s:
        s.add(InteractionLine(interaction_id=order.id, position=1, **line))
        with pytest.raises(ValidationFailed) as caught:
            s.flush()
        s.rollback()
    assert {error.path.split(".")[0] for error in caught.value.errors} <= {"interaction_line", "interaction"}


def test_committing_twice_writes_once_and_the_session_goes_on(crm: Crm) -> None:
    with crm.session() as s:
        s.add(Customer(name="a"))
        s.commit()
        s.commit()
        s.add(Customer(name="b"))
    with crm.session() as s:
        assert s.count(Customer) == 2
        assert s.connection.scalar(sa.select(sa.func.count()).select_from(s.table(Event))) == 2


def test_what_waits_for_the_commit_is_called_after_it_and_never_after_a_rollback(crm: Crm) -> None:
    called: list[str] = []
    with crm.session() as s:
        s.add(Customer(name="a"))
        s.after_commit(lambda: called.append("committed"))
        s.flush()
        assert called == []
    assert called == ["committed"]
    with crm.session() as s:
        s.add(Customer(name="b"))
        s.after_commit(lambda: called.append("never"))
        s.rollback()
    assert called == ["committed"]
