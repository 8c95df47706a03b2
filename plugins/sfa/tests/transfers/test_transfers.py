from __future__ import annotations

import attrs
import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.access import Actor
from crmkit.core.staff import RecordShare, Team, User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import AccessDenied, BadInput, Conflict, NotFound, Refused, StaleVersion, change
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.transfers.entities import Transfer
from crmkit_sfa.transfers.handing import accept, check, decline, hand_off, withdraw
from crmkit_sfa.transfers.waiting import escalate_overdue, waiting

SELLER = ("sfa_opportunity * own", "sfa_transfer * own")


@attrs.frozen
class House:
    """Anna sells, Ben and Cleo serve in one team, Dora is Ben's superior; Anna owns one deal."""

    crm: Crm
    anna: Actor
    ben: Actor
    cleo: Actor
    dora: Actor
    team: Team
    deal: Opportunity

    def user(self, actor: Actor) -> User:
        with self.crm.session(reads=True) as session:
            return session.get(User, actor.user_id)

    def owner(self) -> object:
        with self.crm.session(reads=True) as session:
            return session.get(Opportunity, self.deal.id).owner_id

    def offered(self, to: User | Team, **details: object) -> Transfer:
        with self.crm.session(self.anna) as session:
            return hand_off(self.crm.context(session, "sfa"), session.get(Opportunity, self.deal.id), to, **details)

    def now(self, transfer: Transfer) -> Transfer:
        with self.crm.session(reads=True) as session:
            return session.get(Transfer, transfer.id)


@pytest.fixture
def house(crm: Crm) -> House:
    as_user = AsUser(crm)
    anna, dora = as_user(*SELLER, login="anna"), as_user(*SELLER, login="dora")
    ben = as_user(*SELLER, login="ben", team="Service", reports_to_id=dora.user_id)
    cleo = as_user(*SELLER, login="cleo", team="Service")
    deal = Opportunity(name="Pumps", owner_id=anna.user_id)
    with crm.session() as session:
        session.add(deal)
        team = session.find(Team, name="Service")
    assert team is not None
    return House(crm, anna, ben, cleo, dora, team, deal)


def sees(house: House, actor: Actor) -> tuple[bool, bool]:
    """Whether an actor reads the deal, and hand-offs of it."""
    with house.crm.session(house.crm.actor(actor.name), reads=True) as session:
        return bool(session.count(Opportunity)), bool(session.count(Transfer))


def test_it_moves_when_it_is_accepted_and_not_before(house: House) -> None:
    assert sees(house, house.ben) == (False, False)
    made = house.offered(house.user(house.ben), kind="sales_to_service", promised="On site in May")
    assert house.owner() == house.anna.user_id
    assert sees(house, house.ben) == (True, True)
    assert sees(house, house.cleo) == (False, False)
    with house.crm.session(house.ben) as session:
        ctx = house.crm.context(session, "sfa")
        (seen,) = waiting(ctx, mine=True)
        assert (seen.title, seen.sender, seen.receiver) == ("Pumps", "anna", "ben")
        assert (seen.transfer.promised, seen.overdue) == ("On site in May", False)
        accept(ctx, session.get(Transfer, made.id), answer="gladly")
    done = house.now(made)
    assert (done.state, done.answered_by_id, done.answer) == ("accepted", house.ben.user_id, "gladly")
    assert house.owner() == house.ben.user_id
    assert sees(house, house.anna) == (True, True)
    with house.crm.session(house.ben, reads=True) as session:
        assert session.get(Opportunity, house.deal.id).team_id == house.team.id
        assert waiting(house.crm.context(session, "sfa")) == []


def test_whom_it_was_not_offered_to_cannot_answer(house: House) -> None:
    made = house.offered(house.user(house.ben))
    for actor in (house.cleo, house.dora):
        with house.crm.session(actor) as session, pytest.raises((NotFound, AccessDenied)):
            accept(house.crm.context(session, "sfa"), session.get(Transfer, made.id))
        with house.crm.session(actor) as session, pytest.raises((NotFound, AccessDenied)):
            accept(house.crm.context(session, "sfa"), made)
    for state in ("accepted", "withdrawn"):
        with pytest.raises(Refused), house.crm.session(house.anna) as session:
            session.update(change(session.get(Transfer, made.id), state=state))
    assert house.now(made).state == "waiting"
    assert house.owner() == house.anna.user_id


def test_a_team_takes_it_by_whoever_is_first(house: House) -> None:
    made = house.offered(house.team)
    assert sees(house, house.cleo) == (True, True)
    with house.crm.session(house.cleo) as first:
        mine = first.get(Transfer, made.id)
        accept(house.crm.context(first, "sfa"), mine)
    with house.crm.session(house.ben) as second, pytest.raises((Conflict, StaleVersion)):
        accept(house.crm.context(second, "sfa"), mine)
    assert house.owner() == house.cleo.user_id
    assert sees(house, house.ben)[0] is False


def test_declined_it_stays_with_a_reason(house: House) -> None:
    made = house.offered(house.user(house.ben))
    with house.crm.session(house.ben) as session, pytest.raises(BadInput):
        decline(house.crm.context(session, "sfa"), session.get(Transfer, made.id), " ")
    with house.crm.session(house.ben) as session:
        decline(house.crm.context(session, "sfa"), session.get(Transfer, made.id), "not our region")
    assert (house.now(made).state, house.owner()) == ("declined", house.anna.user_id)
    assert sees(house, house.ben) == (False, True)
    house.offered(house.team)


def test_withdrawn_by_its_sender_alone(house: House) -> None:
    made = house.offered(house.user(house.ben))
    with house.crm.session(house.ben) as session, pytest.raises(AccessDenied):
        withdraw(house.crm.context(session, "sfa"), session.get(Transfer, made.id))
    with house.crm.session(house.anna) as session:
        withdraw(house.crm.context(session, "sfa"), session.get(Transfer, made.id))
    assert house.now(made).state == "withdrawn"
    with house.crm.session(house.ben) as session, pytest.raises(Conflict):
        accept(house.crm.context(session, "sfa"), session.get(Transfer, made.id))


def test_one_record_waits_once(house: House) -> None:
    house.offered(house.user(house.ben))
    with pytest.raises(Conflict):
        house.offered(house.team)


def test_it_takes_the_right_to_assign(house: House) -> None:
    with house.crm.session() as session:
        session.add(RecordShare(entity="sfa_opportunity", record_id=house.deal.id, user_id=house.cleo.user_id))
    ben = house.user(house.ben)
    with house.crm.session(house.crm.actor("cleo")) as session:
        deal = session.get(Opportunity, house.deal.id)
        with pytest.raises(AccessDenied):
            hand_off(house.crm.context(session, "sfa"), deal, ben)


def test_wrong_wishes_are_named(house: House) -> None:
    for wish in ({"kind": "sales_to_servic"}, {"checked": ["tea"]}, {"due_at": house.crm.clock.now()}):
        with pytest.raises(BadInput):
            house.offered(house.user(house.ben), **wish)
    with pytest.raises(BadInput):
        house.offered(house.user(house.anna))


def test_overdue_it_is_escalated_once(house: House, clock: FixedClock) -> None:
    made = house.offered(house.user(house.ben))
    with house.crm.session() as session:
        assert escalate_overdue(house.crm.context(session, "sfa")) == 0
    clock.advance(hours=9)
    for expected in (1, 0):
        with house.crm.session() as session:
            assert escalate_overdue(house.crm.context(session, "sfa")) == expected
    late = house.now(made)
    assert (late.state, late.escalated_to_id, late.escalated_at) == ("waiting", house.dora.user_id, clock.now())
    assert sees(house, house.dora) == (True, True)
    with house.crm.session(house.dora, reads=True) as session:
        assert [one.overdue for one in waiting(house.crm.context(session, "sfa"))] == [True]


def test_the_job_is_scheduled(house: House, clock: FixedClock) -> None:
    house.offered(house.user(house.ben))
    house.crm.jobs.run_due("sfa")
    clock.advance(hours=9)
    assert ("sfa.escalate_transfers", "done") in [(job.name, job.state) for job in house.crm.jobs.run_due("sfa")]
    with house.crm.session(reads=True) as session:
        assert session.count(Transfer, "escalated_at is not empty") == 1


def test_the_checklist_is_kept(house: House) -> None:
    made = house.offered(house.user(house.ben), kind="sales_to_service", checked=["scope agreed"])
    with house.crm.session(house.anna) as session:
        ctx = house.crm.context(session, "sfa")
        check(ctx, session.get(Transfer, made.id), ["contacts known"])
        with pytest.raises(BadInput):
            check(ctx, session.get(Transfer, made.id), ["tea"])
    assert house.now(made).checked == ("scope agreed", "contacts known")


def test_whoever_takes_over_from_the_receiver_reads_it(house: House) -> None:
    made = house.offered(house.user(house.ben))
    with house.crm.session() as session:
        session.update(change(session.get(Transfer, made.id), to_user_id=house.cleo.user_id))
    assert sees(house, house.cleo) == (True, True)
    with house.crm.session(house.crm.actor("cleo")) as session:
        accept(house.crm.context(session, "sfa"), session.get(Transfer, made.id))
    assert house.owner() == house.cleo.user_id


def test_unanswered_it_goes_back_where_that_is_wished(make_crm: MakeCrm, clock: FixedClock) -> None:
    crm = make_crm(plugins=[crmkit_sfa], config={"plugins": {"sfa": {"transfers": {"expire_hours": 24}}}})
    as_user = AsUser(crm)
    anna, ben = as_user(*SELLER, login="anna"), as_user(*SELLER, login="ben")
    deal = Opportunity(name="Pumps", owner_id=anna.user_id)
    with crm.session() as session:
        session.add(deal)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        made = hand_off(ctx, session.get(Opportunity, deal.id), session.get(User, ben.user_id))
    states = []
    for hours in (9, 22, 2):
        clock.advance(hours=hours)
        with crm.session() as session:
            escalate_overdue(crm.context(session, "sfa"))
        with crm.session(reads=True) as session:
            states.append(session.get(Transfer, made.id).state)
    assert states == ["waiting", "waiting", "expired"]
    with crm.session(crm.actor("ben"), reads=True) as session:
        assert session.count(Opportunity) == 0
