"""Several connections work at once: nobody is passed over, nothing is done twice, nothing is lost."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.config import load_config
from crmkit.testing.making import MakeCrm
from crmkit_sfa.assignment.assigning import assign
from crmkit_sfa.assignment.entities import Assignment, AssignmentMember, AssignmentRule, LeadEscalation
from crmkit_sfa.assignment.escalating import escalate
from crmkit_sfa.leads.capturing import capture
from crmkit_sfa.leads.converting import Converted, convert
from crmkit_sfa.leads.entities import Lead, LeadConversion, LeadTouch
from crmkit_sfa.opportunities.entities import Opportunity

BY_HAND = {"plugins": {"sfa": {"assignment": {"automatic": False}}}}
USERS = 5


@pytest.fixture
def crm(make_crm: MakeCrm, own_sales_url: str) -> Crm:
    """A CRM on PostgreSQL in which leads are assigned by hand only, with a rule that goes round."""
    crm = make_crm(plugins=[crmkit_sfa], url=own_sales_url, config=BY_HAND)
    users = [User(login=f"user{number}", name=f"User {number}") for number in range(USERS)]
    rule = AssignmentRule(name="all")
    with crm.session() as session:
        session.add(rule, *users, *[AssignmentMember(rule_id=rule.id, user_id=user.id) for user in users])
    return crm


def leads_of(crm: Crm, count: int) -> list[UUID]:
    made = [Lead(name=f"Lead {number}", score=0) for number in range(count)]
    with crm.session() as session:
        session.add(*made)
    return [lead.id for lead in made]


def at_once(*works: Callable[[], object]) -> list[object]:
    """Do all of it at the same moment, each in a thread of its own; return what came of it, errors too."""
    ready = threading.Barrier(len(works))
    found: list[object] = [None] * len(works)

    def run(place: int, work: Callable[[], object]) -> None:
        ready.wait()
        try:
            found[place] = work()
        except Exception as error:
            found[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def assign_one(crm: Crm, id: UUID) -> None:
    with crm.session() as session:
        assign(crm.context(session, "sfa"), [session.get(Lead, id)])


def check_fair(crm: Crm, count: int) -> None:
    with crm.session(reads=True) as session:
        owners = Counter(lead.owner_id for lead in session.list(Lead))
        decided = Counter(one.lead_id for one in session.list(Assignment))
    assert None not in owners
    assert sum(owners.values()) == count
    assert max(owners.values()) - min(owners.values()) <= 1
    assert set(decided.values()) == {1}
    assert len(decided) == count


def test_each_lead_is_assigned_once_and_fairly(crm: Crm) -> None:
    ids = leads_of(crm, 23)

    def work(mine: list[UUID]) -> Callable[[], object]:
        return lambda: [assign_one(crm, id) for id in mine]

    # Everybody works on all of them, each beginning elsewhere.
    errors = [
        found
        for found in at_once(*[work(ids[at:] + ids[:at]) for at in (0, 6, 12, 18)])
        if isinstance(found, Exception)
    ]
    assert errors == []
    check_fair(crm, 23)


def test_the_same_asker_at_once_is_one_lead_and_becomes_one_opportunity(crm: Crm) -> None:
    def coming(number: int) -> Callable[[], object]:
        def capturing() -> object:
            with crm.session() as session:
                ctx = crm.context(session, "sfa")
                told = {"person": "Anna Berg", "company": "Kestrel GmbH", "email": "anna@kestrel.example"}
                return capture(ctx, **told, channel="web", key=f"form {number % 2}")

        return capturing

    assert [found for found in at_once(*map(coming, range(4))) if isinstance(found, Exception)] == []
    with crm.session(reads=True) as session:
        (lead,) = session.list(Lead)
        assert (lead.touches, session.count(LeadTouch)) == (2, 2)

    def converting() -> Converted:
        with crm.session() as session:
            return convert(crm.context(session, "sfa"), session.get(Lead, lead.id))

    found = at_once(converting, converting, converting)
    assert sorted(one.repeated for one in found if isinstance(one, Converted)) == [False, True, True]
    with crm.session(reads=True) as session:
        counts = [session.count(kind) for kind in (Opportunity, Customer, LeadConversion)]
    assert counts == [1, 2, 1]


def test_what_waits_too_long_is_escalated_once(crm: Crm, clock: FixedClock) -> None:
    leads_of(crm, 3)
    clock.advance(hours=3)

    def work() -> object:
        with crm.session() as session:
            return escalate(crm.context(session, "sfa"))

    assert [found for found in at_once(work, work, work) if isinstance(found, Exception)] == []
    with crm.session(reads=True) as session:
        assert session.count(LeadEscalation) == 3


def _assign_in_process(url: str, ids: list[UUID]) -> None:
    with Crm.open(url, plugins=[crmkit_sfa], config=load_config(BY_HAND, {})) as crm:
        for id in ids:
            assign_one(crm, id)


@pytest.mark.slow
def test_sixteen_processes_assign_each_lead_once_and_fairly(crm: Crm, own_sales_url: str) -> None:
    ids = leads_of(crm, 160)
    start = multiprocessing.get_context("spawn")
    works = [
        start.Process(target=_assign_in_process, args=(own_sales_url, ids[at * 10 :] + ids[: at * 10]))
        for at in range(16)
    ]
    for work in works:
        work.start()
    for work in works:
        work.join(300)
    assert [work.exitcode for work in works] == [0] * 16
    check_fair(crm, 160)
