"""Confirming values: their age starts anew, and who said so is known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from crmkit.core.confirmation import ValueConfirmation
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.auditing.log import entries
from crmkit.services.merging import merge, preview, undo
from crmkit.services.quality import confirm, problems_of
from tests.store.staff import make_staff


@pytest.fixture
def acme(crm: Crm, clock: FixedClock) -> Customer:
    """A company of which everything became too old."""
    made = Customer(name="Acme", kind="organization", industry="Tools", legal_name="Acme GmbH")
    with crm.session() as session:
        session.add(made, ContactPoint(customer_id=made.id, kind="email", value="info@acme.example"))
    clock.advance(days=1_000)
    return made


def old(crm: Crm, customer: Customer) -> set[str]:
    with crm.session(reads=True) as session:
        item = problems_of(session, crm.quality, session.get(Customer, customer.id))
    assert item is not None
    return {one.name for one in item.problems if one.state == "old"}


def said(crm: Crm, customer: Customer, names: Iterable[str] = (), **details: object) -> list[str]:
    with crm.session() as session:
        found = confirm(session, crm.quality, session.get(Customer, customer.id), names, **details)  # type: ignore[arg-type]
        return [one.name for one in found]


def test_what_was_confirmed_is_current_again(crm: Crm, acme: Customer, clock: FixedClock) -> None:
    assert old(crm, acme) == {"industry", "email"}
    assert said(crm, acme, ["email", "email"], note="she said so") == ["email"]
    assert old(crm, acme) == {"industry"}
    clock.advance(days=365)
    assert old(crm, acme) == {"industry"}
    clock.advance(days=1)
    assert old(crm, acme) == {"industry", "email"}


def test_without_names_everything_that_can_grow_old_and_is_there(crm: Crm, acme: Customer) -> None:
    assert set(said(crm, acme)) == {"industry", "email"}
    assert old(crm, acme) == set()


def test_the_newest_confirmation_alone_is_kept_and_all_are_in_the_audit_log(
    crm: Crm, acme: Customer, clock: FixedClock
) -> None:
    said(crm, acme, ["email"])
    clock.advance(days=10)
    said(crm, acme, ["email"], note="by telephone")
    with crm.session(reads=True) as session:
        [kept] = session.list(ValueConfirmation)
        assert (kept.confirmed_at, kept.note, kept.record_id) == (clock.now(), "by telephone", acme.id)
        assert [one.entry.action for one in entries(session, ValueConfirmation, kept.id)] == ["updated", "created"]
        # Changes of the customer itself are no confirmations, nor the other way round.
        assert session.get(Customer, acme.id).version == 1


def test_a_moment_in_the_past_counts_from_there(crm: Crm, acme: Customer, clock: FixedClock) -> None:
    said(crm, acme, ["email"], at=clock.now() - timedelta(days=300))
    assert old(crm, acme) == {"industry"}
    clock.advance(days=66)
    assert old(crm, acme) == {"industry", "email"}
    with pytest.raises(BadInput, match="expected a moment up to now"):
        said(crm, acme, ["email"], at=clock.now() + timedelta(seconds=1))
    with pytest.raises(BadInput, match="expected a moment up to now"):
        said(crm, acme, ["email"], at=clock.now().replace(tzinfo=None))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("emial", "did you mean email"),
        ("phone", "there is nothing to confirm"),
        ("family_name", "never grows old"),
        ("legal_name", "never grows old"),
        ("unique", "merge the records"),
    ],
)
def test_what_cannot_be_confirmed(crm: Crm, acme: Customer, name: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        said(crm, acme, ["email", name])
    assert old(crm, acme) == {"industry", "email"}


def test_what_is_known_to_be_wrong_is_corrected_instead(crm: Crm, acme: Customer) -> None:
    from crmkit.core.entity import change

    with crm.session() as session:
        [point] = session.list(ContactPoint)
        session.update(change(point, deliverability="bounced"))
    with pytest.raises(BadInput, match="known to be wrong"):
        said(crm, acme, ["email"])
    assert said(crm, acme) == ["industry"]


def test_it_takes_the_right_to_change_the_record(crm: Crm) -> None:
    staff = make_staff(crm)
    ben = staff.users["ben"]
    theirs = Customer(name="Acme", kind="organization", industry="Tools", owner_id=ben.id, team_id=ben.team_id)
    with crm.session() as session:
        session.add(theirs)
    reader = staff.actor("anna", ("*", "read", "team"), ("customer", "update", "own"))
    with pytest.raises(AccessDenied), crm.session(reader) as session:
        confirm(session, crm.quality, session.get(Customer, theirs.id), ["industry"])
    owner = staff.actor("ben", ("*", "read", "own"), ("customer", "update", "own"))
    with crm.session(owner) as session:
        [made] = confirm(session, crm.quality, session.get(Customer, theirs.id), ["industry"])
    with crm.session(owner) as session:
        assert session.get(ValueConfirmation, made.id).created_by == ben.id
    with crm.session(staff.actor("dora", ("*", "read", "own")), reads=True) as session:
        assert session.list(ValueConfirmation) == []


def test_a_confirmation_that_comes_with_a_merge_says_nothing_of_the_record_that_stays(
    crm: Crm, acme: Customer, clock: FixedClock
) -> None:
    twin = Customer(name="Acme", kind="organization", industry="Trade")
    with crm.session() as session:
        session.add(twin)
    clock.advance(days=1_000)
    said(crm, twin, ["industry"])
    assert old(crm, acme) == {"industry", "email"}
    with crm.session() as session:
        journal = merge(session, preview(session, acme.id, twin.id))
    assert old(crm, acme) == {"industry", "email"}
    with crm.session() as session:
        undo(session, journal.id)
    assert old(crm, twin) == set()
