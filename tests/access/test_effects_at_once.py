"""A change of rights counts from the next read or write on, in sessions that are open too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, NotFound
from crmkit.core.staff import RecordShare, Role, RoleAssignment, Team, User
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.store.session import Session
from tests.store.staff import Staff

RIGHTS = tuple(("customer", action, "all") for action in ("read", "create", "update", "delete"))


@pytest.fixture
def customer(staff: Staff) -> Customer:
    made = Customer(name="Acme", kind="organization", description="deep")
    with staff.crm.session() as s:
        s.add(made)
    return made


@pytest.fixture
def anna(staff: Staff) -> Actor:
    return staff.actor("anna", *RIGHTS)


def take_role(crm: Crm, login: str = "anna") -> None:
    with crm.session() as s:
        user = s.find(User, login=login)
        assert user is not None
        s.delete(*s.list(RoleAssignment, user_id=user.id))


READS: dict[str, Callable[[Session, Customer], Any]] = {
    "get": lambda s, c: s.get(Customer, c.id),
    "find": lambda s, c: s.find(Customer, id=c.id),
    "list": lambda s, c: s.list(Customer),
    "count": lambda s, c: s.count(Customer),
    "stream": lambda s, c: list(s.stream(Customer)),
    "select": lambda s, c: s.execute(sa.select(s.table(Customer).c.id)).all(),
}


@pytest.mark.parametrize("how", READS)
def test_a_role_removed_in_mid_session_is_gone_at_the_next_read(staff: Staff, customer: Customer, how: str) -> None:
    # While one session writes, SQLite lets no other change roles.
    for reads in [True] if staff.crm.database.dialect == "sqlite" else [True, False]:
        with staff.crm.session(staff.actor("anna", *RIGHTS), reads=reads) as s:
            assert s.get(Customer, customer.id).name == "Acme"
            assert READS[how](s, customer)
            take_role(staff.crm)
            if how == "get":
                with pytest.raises(NotFound):
                    READS[how](s, customer)
            else:
                assert not READS[how](s, customer)
            assert s.actor.grants == {}
            s.rollback()


def test_a_long_stream_ends_where_the_right_does(staff: Staff, anna: Actor) -> None:
    with staff.crm.session() as s:
        s.add(*[Customer(name=f"c{number}", kind="organization") for number in range(6)])
    seen = []
    with staff.crm.session(anna, reads=True) as s:
        for record in s.stream(Customer, size=2):
            seen.append(record.name)
            if len(seen) == 2:
                take_role(staff.crm)
    assert len(seen) == 2


def test_a_role_removed_in_mid_session_is_gone_at_the_next_flush(staff: Staff, anna: Actor, customer: Customer) -> None:
    with staff.crm.session(anna) as s:
        s.update(change(s.get(Customer, customer.id), name="Written"))
        if staff.crm.database.dialect == "sqlite":
            # Its writers take turns: the change is before the session's transaction or after it.
            s.commit()
        take_role(staff.crm)
        s.add(Customer(name="New", kind="organization"))
        with pytest.raises(AccessDenied, match=r"anna may not (create|update) customer"):
            s.flush()
        s.rollback()


def test_rights_given_in_mid_session_count(staff: Staff, customer: Customer) -> None:
    ben = staff.actor("ben")
    with staff.crm.session(ben, reads=True) as s:
        assert s.count(Customer) == 0
        staff.actor("ben", ("customer", "read", "all"))
        assert s.count(Customer) == 1
        assert s.get(Customer, customer.id).name == "Acme"


def test_changes_of_roles_users_and_teams_all_count(staff: Staff, customer: Customer) -> None:
    crm, south = staff.crm, staff.teams["South"]
    with crm.session() as s:
        s.update(change(s.get(Customer, customer.id), team_id=south.id))
    anna = staff.actor("anna", ("customer", "read", "subtree"))

    def seen(session: Session) -> int:
        return session.count(Customer)

    with crm.session(anna, reads=True) as open_:
        assert seen(open_) == 0
        with crm.session() as s:
            s.update(change(s.get(Team, south.id), parent_id=staff.teams["North"].id))
        assert seen(open_) == 1
        with crm.session() as s:
            s.update(change(s.get(Team, south.id), parent_id=None))
        assert seen(open_) == 0
        with crm.session() as s:
            s.update(change(s.get(User, staff.users["anna"].id), team_id=south.id))
        assert seen(open_) == 1
        with crm.session() as s:
            (role,) = (r for r in s.list(Role) if r.name.startswith("role of anna"))
            s.update(change(role, grants=({"entity": "customer", "action": "read", "scope": "own"},)))
        assert seen(open_) == 0


def test_a_user_who_is_frozen_does_nothing_more(staff: Staff, anna: Actor, customer: Customer) -> None:
    with staff.crm.session(anna, reads=True) as open_:
        assert open_.count(Customer) == 1
        with staff.crm.session() as s:
            s.update(change(s.get(User, staff.users["anna"].id), state="frozen"))
        for _ in range(2):
            with pytest.raises(AccessDenied, match="anna is not active any more"):
                open_.count(Customer)
            with pytest.raises(AccessDenied, match="anna is not active any more"):
                open_.get(Customer, customer.id)


def test_hidden_fields_are_hidden_at_once(staff: Staff, anna: Actor, customer: Customer) -> None:
    with staff.crm.session(anna, reads=True) as s:
        assert s.list(Customer, "description = deep")
        statement = sa.select(s.table(Customer).c.description)
        staff.actor("anna", ("customer", "read", "all", "-description"))
        with pytest.raises(AccessDenied, match=r"customer\.description"):
            s.list(Customer, "description = deep")
        # What an earlier right gave is not taken either.
        with pytest.raises(AccessDenied, match="not a table that the session gave"):
            s.execute(statement)
        staff.actor("anna", ("customer", "read", "all", "name"))
        with pytest.raises(AccessDenied, match="rights of anna have changed since the select was made"):
            s.execute(sa.select(sa.literal(1)))
        assert s.shown(s.get(Customer, customer.id), ("description",)) != {"description": "deep"}


def test_a_share_ends_by_the_clock_within_a_session(staff: Staff, customer: Customer, clock: FixedClock) -> None:
    ends = clock.now() + timedelta(hours=1)
    ben = staff.actor("ben", ("customer", "read", "own"))
    share = RecordShare(
        entity="customer", record_id=customer.id, user_id=staff.users["ben"].id, expires_at=ends, reason="holiday"
    )
    with staff.crm.session() as s:
        s.add(share)
    with staff.crm.session(ben, reads=True) as s:
        assert (s.count(Customer), s.find(Customer, id=customer.id) is None) == (1, False)
        clock.advance(hours=1)
        assert (s.count(Customer), s.find(Customer, id=customer.id)) == (0, None)


def test_ones_own_rights_change_within_the_transaction_that_changes_them(staff: Staff, customer: Customer) -> None:
    crm = staff.crm
    anna = staff.actor("anna", ("customer", "read", "all"), ("role_assignment", "*", "all"), ("user", "*", "all"))
    with crm.session(anna) as s:
        assert s.get(Customer, customer.id)
        s.delete(*s.list(RoleAssignment, user_id=anna.user_id))
        s.flush()
        with pytest.raises(NotFound):
            s.get(Customer, customer.id)
        s.rollback()
    with crm.session(anna) as s:
        context = crm.context(s, "shop")
        with context.elevated("to take a role"):
            s.delete(*s.list(RoleAssignment, user_id=anna.user_id))
        assert s.count(Customer) == 0
        s.rollback()
    with crm.session(anna) as s:
        assert s.count(Customer) == 1


def test_what_is_rolled_back_changes_no_rights(staff: Staff, anna: Actor, customer: Customer) -> None:
    with staff.crm.session(anna, reads=staff.crm.database.dialect == "sqlite") as open_:
        assert open_.count(Customer) == 1
        with staff.crm.session() as s:
            s.delete(*s.list(RoleAssignment, user_id=anna.user_id))
            s.flush()
            s.rollback()
        assert open_.count(Customer) == 1
        open_.rollback()


def test_rights_that_other_processes_take_are_gone_too(staff: Staff, anna: Actor, customer: Customer) -> None:
    program = (
        "import sys; from crmkit.runtime.crm import Crm; from crmkit.core.staff import RoleAssignment\n"
        "from tests.access.conftest import CONFIG, Marina\n"
        "crm = Crm.open(sys.argv[1], plugins=[Marina()], config=CONFIG, tenant=sys.argv[2])\n"
        "with crm.session() as s: s.delete(*s.list(RoleAssignment))\n"
        "crm.close()\n"
    )
    crm = staff.crm
    address = crm.database.engine.url.render_as_string(hide_password=False)
    with crm.session(anna, reads=True) as s:
        assert s.count(Customer) == 1
        subprocess.run([sys.executable, "-c", program, address, crm.tenant], check=True)
        assert s.count(Customer) == 0
        with pytest.raises(NotFound):
            s.get(Customer, customer.id)


def test_in_memory_too() -> None:
    with Crm.open(plugins=[]) as crm:
        user, role = (
            User(login="anna", name="Anna"),
            Role(name="r", grants=({"entity": "*", "action": "*", "scope": "all"},)),
        )
        with crm.session() as s:
            s.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id), Customer(name="x"))
        actor = crm.actor("anna")
        with crm.session(actor) as s:
            assert s.count(Customer) == 1
            s.delete(*s.list(RoleAssignment))
            s.flush()
            assert s.count(Customer) == 0


# -- what is remembered -----------------------------------------------------------------------------------------------


@pytest.fixture
def statements(staff: Staff) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engine = staff.crm.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(engine, "before_cursor_execute", note)


def test_rights_are_read_once_until_they_change(staff: Staff, anna: Actor, statements: list[str]) -> None:
    crm = staff.crm
    assert crm.actor("anna") is anna
    assert statements == []
    with crm.session(anna, reads=True) as s:
        s.count(Customer)
        s.count(Customer)
    assert len(statements) == 2
    staff.actor("ben", ("customer", "read", "own"))
    assert crm.actor("anna") is not anna
    assert crm.actor("anna").grants == anna.grants


def test_changes_of_others_disturb_nobody(staff: Staff, anna: Actor, customer: Customer) -> None:
    with staff.crm.session(anna, reads=True) as s:
        seen, table = s.get(Customer, customer.id), s.table(Customer)
        staff.actor("ben", ("customer", "read", "own"))
        assert s.execute(sa.select(table.c.name)).scalars().all() == ["Acme"]
        assert s.get(Customer, customer.id) is seen
        assert s.actor is anna


def test_conditions_are_built_once_for_an_actor(staff: Staff, anna: Actor) -> None:
    with staff.crm.session(anna, reads=True) as first:
        narrowing = first.narrowing
        table = staff.crm.database.tables["contact_point"]
        condition = narrowing.allowed("contact_point", table, "read")
    with staff.crm.session(anna, reads=True) as second:
        assert second.narrowing.allowed("contact_point", table, "read") is condition
