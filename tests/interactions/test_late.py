"""Late recognition: a customer gets an address, and what came from it before is the customer's."""

from __future__ import annotations

from crmkit.core.customer import ContactPoint
from crmkit.core.entity import change
from crmkit.core.identity import ExternalIdentity, IdentityClaim
from crmkit.core.interaction import InteractionParticipant
from crmkit.runtime.crm import Crm
from crmkit.services.identify import reject
from crmkit.services.interactions import Participant, log, timeline
from crmkit.testing.making import AsUser
from tests.interactions.conftest import Add


def _mails(crm: Crm, address: str, count: int = 3, **party: str) -> None:
    with crm.session() as session:
        for _ in range(count):
            log(session, "email", participants=[Participant(address=address, **party)], channel="email")


def test_a_new_point_brings_what_came_from_it_and_changes_nothing_else(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    _mails(crm, "New@Acme.com", name="Somebody")
    _mails(crm, "other@acme.com", 1)
    with crm.session() as session:
        before = {p.id: p for p in session.list(InteractionParticipant)}
        session.add(ContactPoint(customer_id=anna, kind="email", value="new@acme.com"))
    with crm.session() as session:
        assert len(timeline(session, anna).entries) == 3
        for now in session.list(InteractionParticipant):
            was = before[now.id]
            if now.address == "New@Acme.com":
                kept = change(now, customer_id=None, version=was.version, updated_at=was.updated_at)
                assert (now.customer_id, kept) == (anna, was)
            else:
                assert now == was
        states = {claim.raw["evidence"]["emails"][0]: claim.state for claim in session.list(IdentityClaim)}
        assert states == {"New@Acme.com": "resolved", "other@acme.com": "open"}


def test_phones_names_in_services_and_changed_points(crm: Crm, add: Add) -> None:
    anna, bernd = add("Anna Berg"), add("Bernd Berg", email="old@acme.com")
    with crm.session() as session:
        log(session, "call", participants=["030 1234567"], channel="phone", country="DE")
        log(session, "chat", participants=["openid-1"], channel="wechat")
        log(session, "email", participants=["new@acme.com"], channel="email")
    with crm.session() as session:
        session.add(
            ContactPoint(customer_id=anna, kind="phone", value="+49 30 1234567"),
            ExternalIdentity(system="wechat", external_id="openid-1", entity="customer", record_id=anna),
        )
        (point,) = session.list(ContactPoint, customer_id=bernd)
        session.update(change(point, value="new@acme.com"))
    with crm.session() as session:
        assert [entry.kind for entry in timeline(session, anna).entries] in (["chat", "call"], ["call", "chat"])
        assert [entry.kind for entry in timeline(session, bernd).entries] == ["email"]


def test_shared_and_ruled_out_addresses_stay_open(crm: Crm, add: Add) -> None:
    anna, bernd = add("Anna Berg"), add("Bernd Berg")
    _mails(crm, "bergs@gmail.com")
    _mails(crm, "not-anna@gmail.com")
    with crm.session() as session:
        (claim,) = session.list(IdentityClaim, "channel = email", order="id")[1:]
        reject(session, claim, anna)
    with crm.session() as session:
        session.add(ContactPoint(customer_id=anna, kind="email", value="not-anna@gmail.com"))
        for who in (anna, bernd):
            session.add(ContactPoint(customer_id=who, kind="email", value="bergs@gmail.com"))
    with crm.session() as session:
        assert [claim.state for claim in session.list(IdentityClaim)] == ["open", "open"]
        assert timeline(session, anna).entries == timeline(session, bernd).entries == ()


def test_it_reaches_what_the_actor_may_not_see(crm: Crm, add: Add, as_user: AsUser) -> None:
    _mails(crm, "new@acme.com")
    actor = as_user("customer * own", "contact_point * own")
    anna = add("Anna Berg", owner_id=actor.user_id)
    with crm.session(actor) as session:
        session.add(ContactPoint(customer_id=anna, kind="email", value="new@acme.com"))
    with crm.session() as session:
        assert len(timeline(session, anna).entries) == 3


def test_other_tenants_claims_are_left_alone(crm: Crm, add: Add) -> None:
    from crmkit.core.access import system_actor, tenant_id

    _mails(crm, "new@acme.com")
    other = system_actor(tenant_id("another"))
    with crm.session(other) as session:
        log(session, "email", participants=["new@acme.com"], channel="email")
    anna = add("Anna Berg", email="new@acme.com")
    with crm.session() as session:
        assert len(timeline(session, anna).entries) == 3
    with crm.session(other) as session:
        assert {claim.state for claim in session.list(IdentityClaim)} == {"open"}
