"""A hand-over that was killed is gone on with, or undone; its end state is that of one that nobody disturbed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from crmkit.core.customer import Customer
from crmkit.core.errors import Conflict
from crmkit.core.handover import HandOver, HandOverBatch
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import User
from crmkit.runtime.crm import Crm
from crmkit.services.handover import HandOverRules, batches, find_handover, run, undo
from tests.forked import Forked
from tests.handover.conftest import add_customers, owners
from tests.handover.interrupted_run import main as interrupted_run
from tests.store.staff import make_staff

RULES = HandOverRules().with_rest("ben", "cleo")
Killed = Callable[[str, int], None]
Owners = dict[tuple[str, UUID], tuple[UUID | None, UUID | None]]


@pytest.fixture
def address(database_url: str) -> str:
    """A database in which Anna owns 12 customers, each with two calls."""
    with Crm.open(database_url, plugins=[]) as crm:
        staff = make_staff(crm)
        customers = add_customers(staff, "anna", 12)
        with crm.session() as session:
            for customer in customers:
                for status in ("planned", "completed"):
                    at = datetime(2024, 1, 1, tzinfo=UTC)
                    call = Interaction(kind="call", status=status, occurred_at=at, owner_id=staff.users["anna"].id)
                    session.add(call, InteractionParticipant(interaction_id=call.id, customer_id=customer.id))
    return database_url


def state(address: str) -> tuple[Owners, str, list[str], list[str]]:
    with Crm.open(address, plugins=[]) as crm:
        found = owners(crm)
        with crm.session(reads=True) as session:
            (anna,) = session.list(User, login="anna")
            handovers = [handover.state for handover in session.list(HandOver)]
            return found, anna.state, handovers, sorted(batch.state for batch in session.list(HandOverBatch))


@pytest.fixture
def killed(address: str, tmp_path: Path) -> Killed:
    """Runs or undoes in a process of its own that is killed when it is about to commit for the time that is given."""

    def kill(what: str, deadly: int) -> None:
        process = Forked(interrupted_run, address, what, deadly, told=tmp_path / "told")
        assert process.wait(timeout=120) == -signal.SIGKILL, process.told.read_text()

    return kill


def test_a_killed_hand_over_goes_on_and_its_undoing_too(address: str, killed: Killed) -> None:
    before, *_ = state(address)
    killed("run", 1)
    assert state(address) == (before, "active", [], [])
    killed("run", 4)
    halfway, anna, handovers, states = state(address)
    assert (anna, handovers, set(states)) == ("frozen", ["running"], {"done", "waiting"})
    assert halfway != before
    with Crm.open(address, plugins=[]) as crm:
        report = run(crm, crm.system, "anna", RULES)
        with crm.session(reads=True) as session:
            users = {user.login: user.id for user in session.list(User)}
            customers = [customer.owner_id for customer in session.list(Customer)]
    after, anna, handovers, states = state(address)
    assert (report.resumed, anna, handovers, set(states)) == (True, "departed", ["finished"], {"done"})
    # As planned in the first place: half of the customers each, and with each customer its calls.
    assert [customers.count(users[login]) for login in ("anna", "ben", "cleo")] == [0, 6, 6]
    assert users["anna"] not in {owner for owner, _ in after.values()}
    killed("undo", 3)
    assert state(address)[2] == ["undoing"]
    with Crm.open(address, plugins=[]) as crm:
        back = undo(crm, crm.system, report.handover.id)
    assert (back.restored, back.left) == (36, ())
    assert state(address) == (before, "active", ["undone"], ["undone"] * len(states))


def test_a_killed_hand_over_is_undone_from_where_it_was(address: str, killed: Killed) -> None:
    before, *_ = state(address)
    killed("run", 4)
    assert state(address)[0] != before
    with Crm.open(address, plugins=[]) as crm:
        with crm.session(reads=True) as session:
            handover = find_handover(session, "anna")
        undo(crm, crm.system, handover.id)
    found, anna, handovers, states = state(address)
    assert (found, anna, handovers) == (before, "active", ["undone"])
    assert set(states) == {"undone", "cancelled"}


def test_by_other_rules_it_does_not_go_on(address: str, killed: Killed) -> None:
    killed("run", 4)
    with Crm.open(address, plugins=[]) as crm:
        with pytest.raises(Conflict, match="by other rules is under way"):
            run(crm, crm.system, "anna", HandOverRules().with_rest("dora"))
        report = run(crm, crm.system, "anna")
    assert (report.resumed, report.user.state) == (True, "departed")
    assert sum(report.moved[heir]["customer"] for heir in report.moved) == 12


def test_while_it_is_undone_nobody_goes_on(address: str, killed: Killed) -> None:
    killed("run", 4)
    killed("undo", 2)
    with Crm.open(address, plugins=[]) as crm, pytest.raises(Conflict, match="is being undone"):
        run(crm, crm.system, "anna", RULES)


def test_batches_keep_customers_whole(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SIZE", 5)
    with Crm.open(address, plugins=[]) as crm:
        run(crm, crm.system, "anna", RULES)
        with crm.session(reads=True) as session:
            made = session.list(HandOverBatch, order="position")
            planned = {c.id for c in session.list(Interaction, status="planned")}
            parts = session.list(InteractionParticipant)
    assert [batch.position for batch in made] == list(range(1, len(made) + 1))
    assert len(made) > 4
    assert max(batch.size for batch in made) <= 5
    customer_of = {part.interaction_id: part.customer_id for part in parts}
    for batch in made:
        ids = {UUID(id) for move in batch.moves for id in move["ids"]}
        open_calls = ids & planned
        assert {customer_of[call] for call in open_calls} == {id for id in ids if id in set(customer_of.values())}
