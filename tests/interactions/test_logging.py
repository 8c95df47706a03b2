"""Logging: once for each key, with whoever took part recognised or kept as a claim."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

import pytest

from crmkit.core.customer import Customer
from crmkit.core.errors import BadInput, ConfigError, NotFound
from crmkit.core.identity import ExternalIdentity, IdentityClaim
from crmkit.core.interaction import Interaction, InteractionLine, InteractionLink, InteractionParticipant
from crmkit.core.product import Product
from crmkit.core.staff import User
from crmkit.core.values.ids import new_id
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm
from crmkit.services.identify import Evidence, resolve
from crmkit.services.interactions import Line, Participant, correct, log, log_call, log_chat, thread, timeline
from crmkit.services.merging import merge, preview
from crmkit.testing.making import AsUser
from tests.conftest import OpenCrm
from tests.interactions.conftest import Add


def test_the_same_key_in_the_same_channel_is_logged_once(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    with crm.session() as session:
        first = log(session, "call", participants=[anna], channel="phone", key="4711", subject="Order")
        again = log(session, "call", participants=[anna], channel="phone", key="4711", subject="Something else")
        other = log(session, "sms", participants=[anna], channel="sms", key="4711")
        assert (first.created, again.created, other.created) == (True, False, True)
        assert again.interaction.id == first.interaction.id != other.interaction.id
    with crm.session() as session:
        later = log(session, "call", participants=[anna], channel="phone", key="4711")
        assert (later.created, later.interaction.subject) == (False, "Order")
        assert log(session, "call", participants=[anna], channel="phone").created
        assert log(session, "call", participants=[anna], channel="phone").created
        assert session.count(Interaction) == 4
        assert session.count(InteractionParticipant, customer_id=anna) == 4


def test_two_who_log_the_same_key_at_once_log_it_once(open_crm: OpenCrm) -> None:
    crm, together = open_crm(), Barrier(4)
    with crm.session() as session:
        anna = Customer(name="Anna Berg")
        session.add(anna)

    def one(number: int) -> bool:
        together.wait()
        with crm.session() as session:
            logged = log(session, "email", participants=[anna], channel="email", key="<1@x>", subject=str(number))
        return logged.created

    with ThreadPoolExecutor(4) as threads:
        created = list(threads.map(one, range(4)))
    assert sorted(created) == [False, False, False, True]
    with crm.session(reads=True) as session:
        assert session.count(Interaction) == session.count(InteractionParticipant) == 1


def test_the_key_of_what_was_corrected_leads_to_the_correction(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    with crm.session() as session:
        logged = log(session, "call", participants=[anna], channel="phone", key="1")
        made = correct(session, correct(session, logged.interaction, subject="Second"), subject="Third")
    with crm.session() as session:
        again = log(session, "call", participants=[anna], channel="phone", key="1")
        assert (again.created, again.interaction.id, again.interaction.subject) == (False, made.id, "Third")


def test_participants_are_recognised_by_what_they_used(crm: Crm, add: Add) -> None:
    anna, acme = add("Anna Berg", email="anna@acme.com"), add("Acme", phone="+49 30 1234567", kind="organization")
    user = User(login="eva", name="Eva")
    with crm.session() as session:
        session.add(user, ExternalIdentity(system="erp", external_id="K-7", entity="customer", record_id=acme))
    numbered = Participant(evidence=Evidence(external=("erp", "K-7")), role="cc")
    with crm.session() as session:
        parties = ["Anna@Acme.com", Participant(address="030 1234567"), Participant(user=user), numbered]
        logged = log(session, "meeting", participants=parties, country="DE")
    with crm.session() as session:
        stored = session.list(InteractionParticipant, interaction_id=logged.interaction.id, order="id")
        assert [(p.customer_id, p.user_id, p.role, p.address) for p in stored] == [
            (anna, None, "customer", "Anna@Acme.com"),
            (acme, None, "customer", "030 1234567"),
            (None, user.id, "staff", ""),
            (acme, None, "cc", ""),
        ]
        assert all(p.occurred_at == logged.interaction.occurred_at for p in stored)
        assert session.count(IdentityClaim) == 0


def test_the_unknown_become_one_claim_for_each_address_whatever_they_are_called(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", phone="+49 30 99")
    names = ("", "Anna Berg", "Berg, Anna", "A. Berg")
    with crm.session() as session:
        for name in names:
            party = Participant(address="anna.new@acme.com", name=name)
            log(session, "email", participants=[party], channel="email", subject=f"from {name}")
    with crm.session() as session:
        (claim,) = session.list(IdentityClaim)
        parts = session.list(InteractionParticipant, claim_id=claim.id)
        assert len(parts) == len(names)
        assert {p.address for p in parts} == {"anna.new@acme.com"}
        assert timeline(session, anna).entries == ()
        assert resolve(session, claim, anna) == len(names)
    with crm.session() as session:
        assert len(timeline(session, anna).entries) == len(names)
        # What was decided for the address holds for the next message, whatever name it comes with.
        next_ = log(
            session, "email", participants=[Participant(address="Anna.New@acme.com", name="x")], channel="email"
        )
        assert next_.participants[0].customer_id == anna
        assert session.count(IdentityClaim) == 1


def test_the_same_party_in_the_same_role_takes_part_once(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", email="anna@acme.com")
    with crm.session() as session:
        parties = [anna, "anna@acme.com", Participant(customer=anna, role="cc"), "x@y.de", "X@y.de"]
        logged = log(session, "email", participants=parties)
        assert [(p.customer_id, p.role) for p in logged.participants] == [
            (anna, "customer"),
            (anna, "cc"),
            (None, "customer"),
        ]


def test_who_may_keep_no_claims_logs_the_address_alone(crm: Crm, add: Add, as_user: AsUser) -> None:
    add("Anna Berg", email="anna@acme.com")
    actor = as_user("interaction * own", "interaction_participant * own")
    with crm.session(actor) as session:
        # Anna may not be seen, so nobody learns that the address is hers.
        logged = log(session, "call", participants=["anna@acme.com", "+49 30 5555"])
        assert [(p.customer_id, p.claim_id) for p in logged.participants] == [(None, None)] * 2
    with crm.session() as session:
        assert session.count(IdentityClaim) == 0
        assert session.count(InteractionParticipant, interaction_id=logged.interaction.id) == 2


def test_lines_money_and_links(crm: Crm, add: Add) -> None:
    anna, pump = add("Anna Berg"), Product(sku="P", name="Pump")
    with crm.session() as session:
        session.add(pump)
        lines = [
            Line(product=pump, quantity=Decimal(3), unit_price=Decimal("19.99")),
            Line(description="Freight", amount=Decimal("5.50")),
        ]
        order = log(session, "purchase", participants=[anna], lines=lines, currency="EUR", links=[pump]).interaction
        paid = log(
            session, "payment", participants=[anna], money=Money.of("65.47", "EUR"), links=[("product", pump.id)]
        )
        with pytest.raises(BadInput, match="lines need a currency"):
            log(session, "purchase", lines=lines)
        with pytest.raises(ConfigError, match="no entity prodct"):
            log(session, "payment", links=[("prodct", pump.id)])
    with crm.session() as session:
        assert session.get(Interaction, order.id).money == Money.of("65.47", "EUR")
        stored = session.list(InteractionLine, interaction_id=order.id, order="position")
        assert [(line.position, line.product_id, line.amount) for line in stored] == [
            (1, pump.id, Decimal("59.97")),
            (2, None, Decimal("5.50")),
        ]
        assert session.get(Interaction, paid.interaction.id).sum_lines is False
        assert session.count(InteractionLink, record_id=pump.id) == 2


def test_what_cannot_be_logged_is_said_and_leaves_nothing(crm: Crm, add: Add) -> None:
    with crm.session() as session:
        with pytest.raises(NotFound):
            log(session, "call", participants=[new_id()])
        with pytest.raises(BadInput, match="no kind of interaction coll; known: "):
            log(session, "coll", kinds=crm.kinds)
        with pytest.raises(BadInput, match="a chat needs a channel"):
            log_chat(session, "anna", "Hi", channel="")
        with pytest.raises(BadInput, match="duration"):
            log_call(session, "+49 30 1", duration=timedelta(seconds=-1))
    with crm.session() as session:
        assert session.count(Interaction) == session.count(IdentityClaim) == 0


def test_the_id_of_a_merged_customer_leads_to_what_it_became(crm: Crm, add: Add) -> None:
    kept, lost = add("Anna Berg"), add("Anna Berg")
    with crm.session() as session:
        merge(session, preview(session, kept, lost))
    with crm.session() as session:
        assert log(session, "call", participants=[lost]).participants[0].customer_id == kept


def test_calls_and_chats(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", phone="+49 30 1234567")
    user = User(login="eva", name="Eva")
    with crm.session() as session:
        session.add(user)
        call = log_call(session, "030 1234567", user=user, duration=timedelta(minutes=3), key="c1", country="DE")
        missed = log_call(session, "030 1234567", missed=True, key="c2", country="DE")
        again = log_call(session, "030 1234567", key="c1", country="DE")
        assert (again.created, again.interaction.id) == (False, call.interaction.id)
        made = call.interaction
        assert (made.kind, made.channel, made.direction) == ("call", "phone", "inbound")
        assert made.ended_at == made.occurred_at + timedelta(minutes=3)
        assert [(p.customer_id, p.user_id) for p in call.participants] == [(anna, None), (None, user.id)]
        assert missed.interaction.outcome == "missed"

        hello = log_chat(session, "openid-1", "你好", channel="wechat", key="m1")
        answer = log_chat(session, "openid-1", "Good morning", channel="wechat", direction="outbound", key="m2")
        elsewhere = log_chat(session, "openid-1", "Hi", channel="whatsapp", key="m1")
        grouped = log_chat(session, anna, "To all", channel="wechat", conversation="room 7", key="m3")
    with crm.session() as session:
        assert [one.id for one in thread(session, answer.interaction)] == [hello.interaction.id, answer.interaction.id]
        assert len(thread(session, elsewhere.interaction)) == len(thread(session, grouped.interaction)) == 1
        claims = session.list(IdentityClaim)
        assert len(claims) == 2  # the same name in two services need not be the same person
        mine = next(claim for claim in claims if claim.channel == "wechat")
        assert resolve(session, mine, anna) == 2
    with crm.session() as session:
        # The name stays known, as an address would.
        assert log_chat(session, "openid-1", "And now?", channel="wechat").participants[0].customer_id == anna


def test_a_thread_without_a_name_is_none(crm: Crm) -> None:
    with crm.session() as session:
        alone, shared = log(session, "note", thread=""), log(session, "note", thread=uuid4())
        assert (alone.interaction.thread_id, shared.interaction.thread_id is None) == (None, False)
        assert [one.id for one in thread(session, alone.interaction)] == [alone.interaction.id]
