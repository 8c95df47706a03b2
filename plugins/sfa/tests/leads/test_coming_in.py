"""How leads come in: by form, mail, import, again and again; nothing is lost, nothing is taken twice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.identity import IdentityClaim
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import BadInput, Manifest, Refused, change, hookimpl
from crmkit.testing.making import MakeCrm, MakeCustomer
from crmkit_sfa.leads.capturing import Captured, capture
from crmkit_sfa.leads.changing import disqualify, recycle, reopen, woken
from crmkit_sfa.leads.entities import Lead, LeadTouch
from crmkit_sfa.leads.forms import capture_form, read_form
from crmkit_sfa.leads.specs import LeadScore, LeadsToScore

MAIL = "anna@kestrel.example"


@pytest.fixture
def crm(make_crm: MakeCrm) -> Crm:
    return make_crm(plugins=[crmkit_sfa])


def with_settings(make_crm: MakeCrm, *plugins: Any, **settings: Any) -> Crm:
    return make_crm(plugins=[crmkit_sfa, *plugins], config={"plugins": {"sfa": {"leads": settings}}})


def captured(crm: Crm, **details: Any) -> Captured:
    with crm.session() as session:
        return capture(crm.context(session, "sfa"), **details)


def leads(crm: Crm) -> list[Lead]:
    with crm.session(reads=True) as session:
        return session.list(Lead, order="id")


def test_a_known_customer_is_recognised(crm: Crm, make_customer: MakeCustomer) -> None:
    anna = make_customer(given_name="Anna", family_name="Berg", email="anna@kestrel.example")
    lead = captured(crm, person="Anna Berg", email="anna@kestrel.example").lead
    assert (lead.customer_id, lead.claim_id) == (anna.id, None)


def test_who_asks_again_touches_the_open_lead(crm: Crm, clock: FixedClock) -> None:
    captured(crm, email=MAIL, interest="pumps", source="fair", channel="web")
    clock.advance(days=1)
    again = captured(crm, email="ANNA@kestrel.example", person="Anna Berg", interest="valves", source="search")
    (lead,) = leads(crm)
    assert not again.created
    assert (lead.touches, lead.person, lead.interest) == (2, "Anna Berg", "pumps")
    assert (lead.lead_source, lead.first_channel) == ("fair", "web")
    with crm.session(reads=True) as session:
        assert [touch.text for touch in session.list(LeadTouch, order="at")] == ["pumps", "valves"]
        assert session.count(IdentityClaim) == 1


def test_two_people_on_one_switchboard_are_two_leads(crm: Crm) -> None:
    captured(crm, person="Anna Berg", phone="+49 40 123456")
    captured(crm, person="Carl Dietz", phone="+49 40 123456")
    assert len(leads(crm)) == 2


def test_the_same_key_is_taken_once(crm: Crm) -> None:
    captured(crm, email=MAIL, channel="web", key="7")
    again = captured(crm, email=MAIL, channel="web", key="7")
    assert (again.repeated, leads(crm)[0].touches) == (True, 1)


def test_where_it_came_from_first_stays(crm: Crm) -> None:
    lead = captured(crm, email=MAIL, source="fair").lead
    with pytest.raises(Refused, match="stays what it was first"), crm.session() as session:
        session.update(change(session.get(Lead, lead.id), lead_source="search"))
    with pytest.raises(Refused, match="stays as it came"), crm.session() as session:
        session.update(change(session.list(LeadTouch)[0], text="something else"))


def test_without_anything_told_it_is_refused(crm: Crm) -> None:
    with pytest.raises(BadInput, match="who asks or what for"):
        captured(crm, channel="web")


def test_a_resolved_claim_tells_the_lead_who_asks(crm: Crm, make_customer: MakeCustomer) -> None:
    lead = captured(crm, email=MAIL).lead
    anna = make_customer(name="Somebody")
    with crm.session() as session:
        crm.services_for(session).resolve_claim(lead.claim_id, anna.id)
    assert leads(crm)[0].customer_id == anna.id


def test_a_form_is_read_and_kept_as_it_came(make_crm: MakeCrm) -> None:
    crm = with_settings(make_crm, forms={"fair": {"Stand": "source", "Anzahl": "interest"}})
    payload = {
        "first_name": "Anna",
        "last_name": "Berg",
        "E-Mail": "no address",
        "Stand": "B7",
        "Anzahl": "40",
        "x": [1],
    }
    with crm.session() as session:
        lead = capture_form(crm.context(session, "sfa"), payload, form="fair").lead
    assert (lead.person, lead.email, lead.lead_source, lead.interest) == ("Anna Berg", "", "B7", "40")
    with crm.session(reads=True) as session:
        (touch,) = session.list(LeadTouch)
    assert {**touch.raw} == payload
    with pytest.raises(BadInput, match="did you mean fair"), crm.session() as session:
        capture_form(crm.context(session, "sfa"), payload, form="fari")


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ({"your-name": "Anna", "Telephone": "+49 40 1"}, {"person": "Anna", "phone": "+49 40 1"}),
        (
            {"website": "https://www.Kestrel.example/x", "zip": 20095},
            {"domain": "kestrel.example", "postal_code": "20095"},
        ),
        ({"country": "Germany", "message": "hello"}, {"interest": "hello"}),
        ({"email": "", "nested": {"email": MAIL}}, {}),
    ],
    ids=["names", "site", "country", "nested"],
)
def test_forms_call_things_as_they_like(payload: dict[str, Any], found: dict[str, str]) -> None:
    assert read_form(payload, {})[0] == found


def test_a_mail_from_somebody_unknown_is_a_lead_once(make_crm: MakeCrm) -> None:
    crm = with_settings(make_crm, mail=True)
    MakeCustomer(crm)(name="Known", email="known@kestrel.example")

    def mail(sender: str, key: str) -> None:
        with crm.session() as session:
            crm.services_for(session).log(
                "email",
                participants=[sender],
                direction="inbound",
                channel="mail",
                key=key,
                subject="Pumps?",
                body="40 of them",
            )

    mail(MAIL, "1")
    mail(MAIL, "1")
    mail("known@kestrel.example", "2")
    (lead,) = leads(crm)
    assert (lead.name, lead.email, lead.touches, lead.first_channel) == ("Pumps?", MAIL, 1, "email")
    mail(MAIL, "3")
    assert leads(crm)[0].touches == 2


def test_answering_takes_a_lead_up(crm: Crm) -> None:
    lead = captured(crm, email=MAIL).lead
    with crm.session() as session:
        crm.services_for(session).log("call", participants=[MAIL], direction="outbound", links=[("sfa_lead", lead.id)])
    (stored,) = leads(crm)
    assert (stored.status, stored.waiting_since) == ("working", None)


def test_leads_written_as_records_are_settled(crm: Crm, make_customer: MakeCustomer) -> None:
    known = make_customer(given_name="Carl", family_name="Dietz", email="carl@kite.example")
    captured(crm, email=MAIL, source="fair")
    with crm.session() as session:
        session.add(
            Lead(person="Anna Berg", email=MAIL, interest="valves", lead_source="list"),
            Lead(person="Carl Dietz", email="carl@kite.example", interest="pumps", lead_source="list"),
        )
    first, later, other = leads(crm)
    assert (first.touches, first.lead_source) == (2, "fair")
    assert (later.status, later.duplicate_of_id) == ("disqualified", first.id)
    assert (other.status, other.customer_id, other.touches) == ("new", known.id, 1)
    with crm.session(reads=True) as session:
        assert [touch.text for touch in session.list(LeadTouch, lead_id=first.id, order="at,id")] == ["", "valves"]


def test_points_add_up_with_their_reasons(make_crm: MakeCrm) -> None:
    class Scorer:
        manifest = Manifest(name="scorer", requires=("sfa",))

        @hookimpl
        def collect_sfa_lead_scores(self, ctx: Any, call: LeadsToScore) -> list[LeadScore]:
            return [LeadScore(lead.id, -5, "a free mail address") for lead in call.leads if "gmail" in lead.email]

    rules = [{"filter": "country = DE", "points": 10, "reason": "home market"}]
    crm = with_settings(make_crm, Scorer(), scores=rules)
    lead = captured(crm, email="anna@gmail.com", country="DE").lead
    assert lead.score == 5
    assert [(one["points"], one["reason"]) for one in lead.score_reasons] == [
        (10, "home market"),
        (-5, "a free mail address"),
    ]


def test_a_recycled_lead_wakes_on_its_day_or_when_they_ask_again(crm: Crm, clock: FixedClock) -> None:
    lead, other = captured(crm, email=MAIL).lead, captured(crm, email="carl@kite.example").lead
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        for one in (lead, other):
            recycle(ctx, session.get(Lead, one.id), date(2026, 4, 1), "budget next quarter")
        with pytest.raises(BadInput, match="a day after"):
            recycle(ctx, session.get(Lead, lead.id), date(2026, 3, 15))
    captured(crm, email=MAIL)
    assert [one.status for one in leads(crm)] == ["new", "recycled"]
    clock.set(datetime(2026, 4, 1, 8, tzinfo=UTC))
    with crm.session() as session:
        assert [one.id for one in woken(crm.context(session, "sfa"))] == [other.id]
    assert [one.status for one in leads(crm)] == ["new", "new"]


def test_a_disqualified_lead_is_reopened(crm: Crm) -> None:
    lead = captured(crm, email=MAIL).lead
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        with pytest.raises(BadInput, match="reason"):
            disqualify(ctx, session.get(Lead, lead.id), " ")
        disqualify(ctx, session.get(Lead, lead.id), "a student")
    assert not captured(crm, email="another@kestrel.example").repeated
    with crm.session() as session:
        assert reopen(crm.context(session, "sfa"), session.get(Lead, lead.id)).status == "new"


def test_a_status_does_not_convert_by_itself(crm: Crm) -> None:
    lead = captured(crm, email=MAIL).lead
    with pytest.raises(Refused, match="by converting it"), crm.session() as session:
        session.update(change(session.get(Lead, lead.id), status="converted"))


def test_leads_follow_a_merge_and_are_emptied_by_an_erasure(crm: Crm, make_customer: MakeCustomer) -> None:
    unknown = captured(crm, email=MAIL, interest="private matters").lead
    anna = make_customer(given_name="Anna", family_name="Berg")
    with crm.session() as session:
        session.update(change(session.get(Lead, unknown.id), claim_id=None))
        session.add(ContactPoint(customer_id=anna.id, kind="email", value=MAIL))
    kite = make_customer(given_name="Carl", family_name="Dietz", email="carl@kite.example")
    captured(crm, email="carl@kite.example")
    twin = make_customer(given_name="Karl", family_name="Dietz")
    with crm.session() as session:
        services = crm.services_for(session)
        services.merge(services.preview_merge(session.get(Customer, twin.id), session.get(Customer, kite.id)))
    assert leads(crm)[1].customer_id == twin.id
    for customer in (anna.id, twin.id):
        with crm.session() as session:
            crm.services_for(session).erase(customer, "request")
    assert [(one.person, one.email, one.interest, one.email_key) for one in leads(crm)] == [("", "", "", "")] * 2
    with crm.session(reads=True) as session:
        assert {(touch.text, len(touch.raw)) for touch in session.list(LeadTouch)} == {("", 0)}


def test_each_time_stands_in_the_timeline_of_the_customer(
    crm: Crm, make_customer: MakeCustomer, clock: FixedClock
) -> None:
    anna = make_customer(given_name="Anna", family_name="Berg", email=MAIL)
    captured(crm, email=MAIL, interest="pumps")
    clock.advance(days=1)
    captured(crm, email=MAIL, interest="valves")
    with crm.session(reads=True) as session:
        entries = crm.services_for(session).timeline(anna.id).entries
    assert [(entry.kind, entry.at.day) for entry in entries] == [("sfa_lead", 16), ("sfa_lead", 15)]
