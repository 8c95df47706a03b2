"""Contact figures: exact whatever happened to the interactions."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.ids import new_id
from crmkit.runtime.crm import Crm
from crmkit.services.interactions import (
    ContactFigures,
    Participant,
    contact_figures,
    correct,
    log,
    undo_correction,
)
from crmkit.services.merging import merge, preview, undo
from crmkit.store.session import Session
from crmkit.testing.making import AsUser
from tests.interactions.conftest import Add

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def by_hand(session: Session, customer: UUID) -> ContactFigures:
    """Count the plainest way: every interaction of the customer, one by one."""
    ids = sorted({part.interaction_id for part in session.list(InteractionParticipant, customer_id=customer)})
    found = [
        one
        for one in (session.list(Interaction, id=ids) if ids else [])
        if one.status == "completed"
        and one.direction != "internal"
        and one.kind != "note"
        and one.outcome not in ("auto-reply", "bounce")
        and one.occurred_at <= session.clock.now()
    ]
    times = [one.occurred_at for one in found]
    return ContactFigures(
        customer,
        len(found),
        min(times, default=None),
        max(times, default=None),
        max((one.occurred_at for one in found if one.direction == "inbound"), default=None),
        max((one.occurred_at for one in found if one.direction == "outbound"), default=None),
        dict(Counter((one.channel, one.direction) for one in found)),
    )


def check(crm: Crm, *customers: UUID) -> dict[UUID, ContactFigures]:
    with crm.session(reads=True) as session:
        figures = contact_figures(session, customers)
        for customer in customers:
            assert figures[customer] == by_hand(session, customer)
    return figures


def test_what_counts_as_a_contact(crm: Crm, add: Add, clock: FixedClock) -> None:
    anna, quiet = add("Anna Berg"), add("Quiet")
    both = [Participant(customer=anna), Participant(customer=anna, role="cc")]
    with crm.session() as session:
        log(session, "email", participants=both, direction="inbound", channel="email", at=NOON)
        log(session, "call", participants=[anna], direction="outbound", channel="phone", at=NOON + timedelta(hours=1))
        log(session, "call", participants=[anna], direction="outbound", channel="phone", at=NOON + timedelta(hours=2))
        log(session, "visit", participants=[anna], at=NOON - timedelta(days=400))
        # None of these:
        log(session, "note", participants=[anna], at=NOON + timedelta(hours=3))
        log(session, "meeting", participants=[anna], direction="internal", at=NOON + timedelta(hours=3))
        log(session, "visit", participants=[anna], status="planned", at=NOON + timedelta(hours=3))
        log(session, "visit", participants=[anna], status="cancelled", at=NOON + timedelta(hours=3))
        log(
            session,
            "email",
            participants=[anna],
            outcome="auto-reply",
            direction="inbound",
            at=NOON + timedelta(hours=3),
        )
        log(session, "call", participants=[anna], at=clock.now() + timedelta(days=1))
    figures = check(crm, anna, quiet)
    assert figures[quiet] == ContactFigures(quiet)
    assert figures[anna] == ContactFigures(
        anna,
        contacts=4,
        first_contact=NOON - timedelta(days=400),
        last_contact=NOON + timedelta(hours=2),
        last_inbound=NOON,
        last_outbound=NOON + timedelta(hours=2),
        counts={("", ""): 1, ("email", "inbound"): 1, ("phone", "outbound"): 2},
    )
    assert figures[anna].by_channel() == {"": 1, "email": 1, "phone": 2}
    assert figures[anna].by_direction() == {"": 1, "inbound": 1, "outbound": 2}
    with crm.session(reads=True) as session:
        period = contact_figures(session, [anna], since=NOON, until=NOON + timedelta(hours=1))[anna]
        assert (period.contacts, period.first_contact, period.last_contact) == (2, NOON, NOON + timedelta(hours=1))
        assert contact_figures(session, [new_id()]) == {}
        assert list(contact_figures(session, [quiet, anna, quiet])) == [quiet, anna]


def test_they_stay_exact_after_merges_corrections_and_their_undoing(crm: Crm, add: Add) -> None:
    anna, twin = add("Anna Berg"), add("Anna Berg")
    made: list[Interaction] = []
    with crm.session() as session:
        for number in range(12):
            who = ([anna], [twin], [anna, twin])[number % 3]
            side = "inbound" if number % 2 else "outbound"
            at = NOON + timedelta(hours=number)
            made.append(log(session, "call", participants=who, direction=side, channel="phone", at=at).interaction)  # type: ignore[arg-type]
    before = check(crm, anna, twin)
    with crm.session() as session:
        corrected = correct(session, made[11].id, occurred_at=NOON - timedelta(days=1))
    assert check(crm, anna, twin)[anna].first_contact == NOON - timedelta(days=1)
    with crm.session() as session:
        undo_correction(session, corrected.id)
    assert check(crm, anna, twin) == before
    with crm.session() as session:
        journal = merge(session, preview(session, anna, twin))
    assert check(crm, anna)[anna].contacts == 12
    with crm.session(reads=True) as session:
        assert contact_figures(session, [twin]) == {}
    with crm.session() as session:
        undo(session, journal.id)
    assert check(crm, anna, twin) == before
    with crm.session() as session:
        session.delete(session.get(Interaction, made[10].id))
        part = session.list(InteractionParticipant, customer_id=anna, interaction_id=made[0].id)[0]
        session.update(change(part, customer_id=None))  # as an erasure leaves it
    assert check(crm, anna, twin)[anna].contacts == before[anna].contacts - 1


@pytest.mark.parametrize("rights", [("* read own",), ("* read team",), ("customer read all",)], ids=" ".join)
def test_they_count_what_the_actor_may_see(crm: Crm, add: Add, as_user: AsUser, rights: tuple[str, ...]) -> None:
    actor, other = as_user(*rights, team="Sales"), as_user(team="Sales")
    mine = add("Mine", owner_id=actor.user_id, team_id=actor.team_id)
    theirs = add("Theirs", owner_id=other.user_id, team_id=other.team_id)
    with crm.session() as session:
        for private in (False, True):
            for who in ([mine], [theirs], [mine, theirs]):
                log(session, "call", participants=who, private=private, at=NOON)
    with crm.session(actor, reads=True) as session:
        figures = contact_figures(session, [mine, theirs])
        assert list(figures) == ([mine] if rights == ("* read own",) else [mine, theirs])
        for customer in figures:
            assert figures[customer] == by_hand(session, customer)


def test_whoever_may_not_read_a_field_gets_no_figures_of_it(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    grants = (
        {"entity": "*", "action": "read", "scope": "all"},
        {"entity": "interaction", "action": "read", "scope": "all", "fields": ["*", "-channel"]},
    )
    user, role = User(login="clerk", name="Clerk"), Role(name="clerk", grants=grants[1:])
    with crm.session() as session:
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
    with (
        crm.session(crm.actor("clerk"), reads=True) as session,
        pytest.raises(AccessDenied, match=r"interaction\.channel"),
    ):
        contact_figures(session, [anna])
