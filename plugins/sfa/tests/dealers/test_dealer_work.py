"""What a dealer's user does all day, with the role for it: takes leads in, converts them, does what was planned."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import crmkit_sfa
from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.identity import IdentityClaim
from crmkit.core.interaction import InteractionLink
from crmkit.core.staff import Role, RoleAssignment, Team, User
from crmkit.plugin import AccessDenied, BadInput, Refused, change
from crmkit.testing.making import AsUser
from crmkit_sfa.activities.completing import complete
from crmkit_sfa.activities.planning import plan
from crmkit_sfa.assignment.assigning import give
from crmkit_sfa.assignment.entities import AssignmentMember, AssignmentRule
from crmkit_sfa.leads.capturing import capture
from crmkit_sfa.leads.changing import take_up
from crmkit_sfa.leads.converting import convert
from crmkit_sfa.leads.entities import Lead, LeadConversion, LeadTouch
from crmkit_sfa.leads.undoing import undo
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityContact
from crmkit_sfa.transfers.handing import accept as take_over
from crmkit_sfa.transfers.handing import hand_off
from plugins.sfa.tests.dealers.conftest import Trade

SECRET = "Erika Mustermann"


def test_from_the_offer_to_the_deal(trade: Trade) -> None:
    with trade.as_() as ctx:
        ctx.session.update(change(ctx.session.get(Lead, trade.lead.id), product_id=trade.pump.id))
    trade.accepted("nora")
    with trade.as_("nora") as ctx:
        lead = take_up(ctx, ctx.session.get(Lead, trade.lead.id))
        call = plan(ctx, "Call Erika", kind="call", lead_id=lead.id)
    with trade.as_("nora") as ctx:
        done = complete(ctx, call, outcome="interested")
        assert (done.activity.status, done.interaction.outcome) == ("done", "interested")
    with trade.as_("nora") as ctx:
        converted = convert(ctx, ctx.session.get(Lead, trade.lead.id))
    with trade.as_("nora") as ctx:
        assert convert(ctx, ctx.session.get(Lead, trade.lead.id)).repeated
        deal = ctx.session.get(Opportunity, converted.lead.opportunity_id)
        assert (deal.owner_id, deal.product_id) == (ctx.actor.user_id, trade.pump.id)
        assert ctx.session.get(Customer, deal.customer_id).name == "Spree Wasser AG"
    with trade.as_(reads=True) as ctx:
        links = ctx.session.list(InteractionLink, interaction_id=done.interaction.id)
        assert {link.entity for link in links} == {"sfa_activity", "sfa_lead"}
        assert ctx.session.count(LeadConversion) == 1


def test_a_dealer_takes_its_own_conversion_back(trade: Trade) -> None:
    """Without the right to delete: what goes is what the conversion made, untouched."""
    trade.accepted("nora")
    made = (Opportunity, OpportunityContact, ContactPoint, CustomerRelation, Customer)

    def counts() -> list[int]:
        with trade.as_(reads=True) as ctx:
            return [ctx.session.count(entity) for entity in made]

    before = counts()
    with trade.as_("nora") as ctx:
        converted = convert(ctx, ctx.session.get(Lead, trade.lead.id))
    assert counts() > before
    # A colleague did not make it, and has no right to delete.
    with pytest.raises(AccessDenied, match="nils may not delete"), trade.as_("nils") as ctx:
        undo(ctx, ctx.session.get(Lead, trade.lead.id))
    with trade.as_("nora") as ctx:
        undone = undo(ctx, ctx.session.get(Lead, trade.lead.id))
    assert (undone.lead.status, undone.lead.opportunity_id, undone.stayed) == ("new", None, ())
    assert counts() == before
    with trade.as_("nora") as ctx:
        again = convert(ctx, ctx.session.get(Lead, trade.lead.id))
    with pytest.raises(AccessDenied, match="nora may not delete"), trade.as_("nora") as ctx:
        ctx.session.delete(ctx.session.get(Opportunity, again.lead.opportunity_id))
    assert converted.lead.opportunity_id != again.lead.opportunity_id


def test_nobody_notes_a_conversion_that_was_none(quick: Trade) -> None:
    """Else whoever may not delete would have a record of others taken back by undoing."""
    role = Role(name="all", grants=({"entity": "*", "action": "*", "scope": "all"},))
    nora, theirs = quick.id_of("nora"), Customer(name="Theirs", kind="organization")
    with quick.as_() as ctx:
        ctx.session.add(role, theirs, RoleAssignment(user_id=nora, role_id=role.id))
    forged = {"entity": "customer", "id": str(theirs.id), "version": 1, "uses": {}}
    noted = LeadConversion(lead_id=quick.accepted("nora").lead_id, converted_at=quick.crm.clock.now(), made=(forged,))
    with pytest.raises(Refused, match="noted by converting it"), quick.as_("nora") as ctx:
        ctx.session.add(noted)
    # Even one that the system noted takes nothing back for whoever did not make it.
    with quick.as_() as ctx:
        ctx.session.add(noted)
        ctx.session.update(change(ctx.session.get(Lead, noted.lead_id), status="converted"))
    with quick.as_("nora") as ctx:
        undone = undo(ctx, ctx.session.get(Lead, noted.lead_id))
    assert (undone.taken_back, undone.stayed) == ((), ())
    assert quick.now(theirs).deleted_at is None


def test_what_others_took_over_stays_when_a_dealer_takes_back(trade: Trade) -> None:
    """Head office has taken the deal: it stays with its customer, and the dealer is told of neither what nor whose."""
    trade.accepted("nora")
    with trade.as_("nora") as ctx:
        converted = convert(ctx, ctx.session.get(Lead, trade.lead.id))
    hanna = trade.id_of("hanna")
    with trade.as_() as ctx:
        deal = ctx.session.get(Opportunity, converted.lead.opportunity_id)
        ctx.session.update(change(deal, owner_id=hanna, name="Secret"))
    with trade.as_("nora") as ctx:
        undone = undo(ctx, ctx.session.get(Lead, trade.lead.id))
    with trade.as_("nora", reads=True) as ctx:
        assert [type(one) for one, _ in undone.stayed if ctx.session.find(type(one), id=one.id) is None] == []
        assert deal.id not in {one.id for one, _ in undone.stayed}
    with trade.as_(reads=True) as ctx:
        stays = ctx.session.get(Opportunity, deal.id)
        assert ctx.session.get(Customer, stays.customer_id).name == "Spree Wasser AG"


@pytest.mark.parametrize(
    "address", [{"email": "new@oder.example"}, {"phone": "+49 335 1234567"}], ids=["mail", "phone"]
)
def test_a_dealer_takes_a_lead_in_and_keeps_it(quick: Trade, address: dict[str, str]) -> None:
    mia = User(login="mia", name="Mia")
    with quick.as_() as ctx:
        rule = AssignmentRule(name="all")
        ctx.session.add(mia, rule, AssignmentMember(rule_id=rule.id, user_id=mia.id))
    with quick.as_("nora") as ctx:
        made = capture(ctx, person="Olaf Oder", key="1", **address)
    with quick.as_("nora") as ctx:
        again = capture(ctx, person="Olaf Oder", key="1", **address)
        touched = capture(ctx, interest="valves", **address)
    assert (made.created, again.repeated, touched.created) == (True, True, False)
    assert {made.lead.id, again.lead.id, touched.lead.id} == {made.lead.id}
    lead = quick.now(made.lead)
    assert (lead.owner_id, lead.touches) == (quick.id_of("nora"), 2)
    with quick.as_(reads=True) as ctx:
        assert ctx.session.get(IdentityClaim, lead.claim_id).state == "open"


def test_a_colleague_who_may_not_read_claims_takes_leads_in(quick: Trade) -> None:
    clerk = AsUser(quick.crm)(
        *(f"{name} {do} own" for name in ("sfa_lead", "sfa_lead_touch") for do in ("read", "create"))
    )
    with quick.crm.session(clerk) as session:
        made = capture(quick.crm.context(session, "sfa"), person="Olaf Oder", email="olaf@oder.example")
    assert made.created
    assert quick.now(made.lead).claim_id is not None


def test_guessed_keys_tell_a_dealer_nothing(trade: Trade) -> None:
    with trade.as_("hanna") as ctx:
        theirs = capture(ctx, person="Paul Secret", email="paul@secret.example", channel="web", key="form-1")
    made = {}
    for login in ("nora", "sam"):
        with trade.as_(login) as ctx:
            made[login] = capture(ctx, person="Anybody", channel="web", key="form-1")
    assert [(one.created, one.repeated, one.lead.name) for one in made.values()] == [(True, False, "Anybody")] * 2
    with trade.as_("hanna") as ctx:
        again = capture(ctx, person="Paul", channel="web", key="form-1")
    assert (again.repeated, again.lead.id) == (True, theirs.lead.id)
    with trade.as_(reads=True) as ctx:
        assert ctx.session.count(LeadTouch, "channel = web") == 3


def test_a_lead_that_a_dealer_adds_does_not_join_one_of_others(quick: Trade) -> None:
    lead = Lead(person="Anybody", email=quick.lead.email)
    with quick.as_("nora") as ctx:
        ctx.session.add(lead)
    stored = quick.now(lead)
    assert (stored.status, stored.duplicate_of_id, stored.owner_id) == ("new", None, quick.id_of("nora"))
    again = Lead(person="Anybody", email=quick.lead.email)
    with quick.as_("nils") as ctx:
        ctx.session.add(again)
    joined = quick.now(again)
    assert (joined.duplicate_of_id, SECRET in joined.reason) == (lead.id, False)


@pytest.mark.parametrize("told", [{"email": "erika@spree-wasser.example"}, {"key": "form-1"}], ids=["address", "key"])
def test_a_colleague_is_not_told_of_a_lead_that_it_may_not_read(quick: Trade, told: dict[str, str]) -> None:
    with quick.as_("hanna") as ctx:
        capture(ctx, person=SECRET, email="erika@spree-wasser.example", key="form-1")
    rights = [f"{name} {do} own" for name in ("sfa_lead", "sfa_lead_touch") for do in ("read", "create")]
    clerk = AsUser(quick.crm)(*rights)
    with quick.crm.session(clerk) as session:
        found = capture(quick.crm.context(session, "sfa"), company="Some Company", **told)
    assert (found.created, found.hidden, found.repeated) == (False, True, "key" in told)
    assert (found.lead.name, found.lead.person, found.lead.claim_id) == ("Some Company", "", None)
    assert quick.lead.id not in (found.lead.id, found.touch.lead_id)


def test_the_command_does_not_print_it_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    monkeypatch.chdir(tmp_path)
    for name, value in {"CRMKIT_DB": url, "CRMKIT_LANGUAGE": "en", "XDG_CACHE_HOME": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    with Crm.open(url, plugins=[crmkit_sfa, "relay"]) as crm:
        rights = [f"{name} {do} own" for name in ("sfa_lead", "sfa_lead_touch") for do in ("read", "create")]
        AsUser(crm)(*rights, login="clerk")
        with crm.session() as session:
            capture(crm.context(session, "sfa"), person=SECRET, email="erika@spree.example", key="1")
    for words in (["--key", "1"], ["--email", "erika@spree.example"]):
        for way in ([], ["--json"]):
            command = ["--as", "clerk", "sfa", "lead", "capture", "--company", "Some Company", *words, *way]
            result = CliRunner().invoke(program, command)
            assert result.exit_code == 0, result.output
            assert SECRET not in result.output
            assert ('"created": false' if way else "Some Company") in result.output


def test_nothing_reaches_a_dealer_but_by_an_offer(quick: Trade) -> None:
    nora = quick.id_of("nora")
    with quick.as_("hanna") as ctx, pytest.raises(BadInput, match="offer it to the dealer"):
        give(ctx, ctx.session.get(Lead, quick.lead.id), ctx.session.get(User, nora))
    with quick.as_("hanna") as ctx:
        team = ctx.session.find(Team, name="Head office")
        sent = hand_off(ctx, ctx.session.get(Lead, quick.lead.id), team)
    with quick.as_() as ctx, pytest.raises(BadInput, match="offer it to the dealer"):
        take_over(ctx, sent, to=ctx.session.get(User, nora))
    assert quick.now(quick.lead).owner_id == quick.id_of("hanna")


def test_contacts_of_a_deal_are_not_told(quick: Trade) -> None:
    ina = Customer(given_name="Ina", family_name="Wolff")
    deal = Opportunity(name="Pumps", owner_id=quick.id_of("hanna"))
    with quick.as_() as ctx:
        ctx.session.add(ina, deal, OpportunityContact(opportunity_id=deal.id, customer_id=ina.id))
    made = quick.offered(record=quick.now(deal), interest="Ina Wolff wants 12 pumps, says Wolffs assistant")
    assert made.interest == "*** *** wants 12 pumps, says *** assistant"
