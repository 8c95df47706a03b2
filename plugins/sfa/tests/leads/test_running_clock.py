"""On a clock that goes on with every look at it, as the computer's does, a lead becomes new again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import Context
from crmkit.testing.making import MakeCrm
from crmkit_sfa.leads.capturing import capture
from crmkit_sfa.leads.changing import disqualify, recycle, reopen
from crmkit_sfa.leads.converting import convert
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.undoing import undo


class RunningClock(FixedClock):
    """A clock that goes on by a microsecond with every look at it."""

    def now(self) -> datetime:
        return self.advance(microseconds=1)


@pytest.fixture
def crm(make_crm: MakeCrm, clock: FixedClock) -> Crm:
    return make_crm(plugins=[crmkit_sfa], clock=RunningClock(clock.now()))


def converted_and_undone(ctx: Context, lead: Lead) -> None:
    undo(ctx, convert(ctx, lead).lead)


def ended_and_reopened(ctx: Context, lead: Lead) -> None:
    reopen(ctx, disqualify(ctx, lead, "no budget"))


def put_aside_and_come_again(ctx: Context, lead: Lead) -> None:
    recycle(ctx, lead, ctx.today() + timedelta(days=30))
    assert not capture(ctx, email=lead.email).created


@pytest.mark.parametrize(
    "way",
    [converted_and_undone, ended_and_reopened, put_aside_and_come_again],
    ids=["undone", "reopened", "captured"],
)
def test_a_lead_is_new_again(crm: Crm, way: Callable[[Context, Lead], None]) -> None:
    with crm.session() as session:
        lead = capture(crm.context(session, "sfa"), person="Anna Berg", email="anna@kestrel.example").lead
    before = crm.clock.now()
    with crm.session() as session:
        way(crm.context(session, "sfa"), session.get(Lead, lead.id))
    after = crm.clock.now()
    with crm.session(reads=True) as session:
        stored = session.get(Lead, lead.id)
    assert stored.status == "new"
    assert stored.waiting_since is not None
    assert before < stored.waiting_since < after
