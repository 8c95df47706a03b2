"""Recording consent and asking for it, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.consent import Consent, ConsentTerms
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import BadInput, NotFound, Refused, ValidationFailed
from crmkit.core.interaction import Interaction
from crmkit.core.journal import ImportRun
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.causation import Cause
from crmkit.plugin import RecordBatch, hookimpl
from crmkit.runtime.crm import Crm
from crmkit.services.append_only import rewriting
from crmkit.services.consent import can_contact, consents_of, contactable, deny, grant, withdraw
from crmkit.services.importing.reverting import revert_import

OpenCrm = Callable[..., Crm]


@pytest.fixture
def anna(crm: Crm) -> Customer:
    made = Customer(name="Anna Berg")
    with crm.session() as session:
        session.add(made)
    return made


def test_a_late_grant_does_not_undo_an_earlier_withdrawal(crm: Crm, anna: Customer, clock: FixedClock) -> None:
    with crm.session() as session:
        withdraw(session, anna, evidence="Telephone call")
        assert not can_contact(session, anna, "email", "newsletter")
    clock.advance(days=1)
    with crm.session() as session:
        late = grant(session, anna, "newsletter", channel="email", at=datetime(2026, 3, 1, tzinfo=UTC), evidence="Card")
        decision = can_contact(session, anna, "email", "newsletter")
        assert not decision.allowed
        assert str(decision.reason) == "withdrawn for all purposes by every channel on 2026-03-15"
        assert late.id in decision.considered
        fresh = grant(session, anna, "newsletter", channel="email", evidence="Form on the website")
        allowed = can_contact(session, anna, "email", "newsletter")
        assert (allowed.allowed, allowed.fact_id) == (True, fresh.id)
        assert not can_contact(session, anna, "sms", "newsletter")
        assert [statement.evidence for statement in consents_of(session, anna)] == [
            "Form on the website",
            "Telephone call",
            "Card",
        ]


def test_a_statement_can_be_asked_for_as_of_another_day(crm: Crm, anna: Customer) -> None:
    with crm.session() as session:
        grant(session, anna, "newsletter", channel="email")
        assert can_contact(session, anna, "email", "newsletter")
        assert not can_contact(session, anna, "email", "newsletter", at=datetime(2026, 3, 14, tzinfo=UTC))


def test_words_are_written_in_one_way(crm: Crm, anna: Customer) -> None:
    with crm.session() as session:
        session.add(
            Consent(
                customer_id=anna.id,
                purpose=" Newsletter",
                channel="EMAIL",
                legal_basis="Consent",
                decision="granted",
                effective_at=crm.clock.now(),
            )
        )
        assert can_contact(session, anna, "Email", "newsletter ")
        [stored] = consents_of(session, anna)
    assert (stored.purpose, stored.channel, stored.legal_basis) == ("newsletter", "email", "consent")


def test_statements_stand_as_they_were_given(crm: Crm, anna: Customer) -> None:
    with crm.session() as session:
        made = grant(session, anna, "newsletter")
    for attempt in (
        lambda session, record: session.update(change(record, decision="denied")),
        lambda session, record: session.update(change(record, evidence="forged")),
        lambda session, record: session.delete(record),
    ):
        with pytest.raises(Refused, match="stands as it was given"), crm.session() as session:
            attempt(session, session.get(Consent, made.id))
    with crm.session() as session:
        assert session.get(Consent, made.id).version == 1


def test_merging_and_erasing_may_rewrite_and_leave_nothing_open(crm: Crm, anna: Customer) -> None:
    with crm.session() as session:
        made = grant(session, anna, "newsletter", evidence="Card signed by Anna Berg")
    with crm.session() as session:
        with rewriting(session):
            session.update(change(session.get(Consent, made.id), evidence=""))
        assert session.get(Consent, made.id).evidence == ""
        session.delete(session.get(Consent, made.id))
        with pytest.raises(Refused):
            session.flush()
        session.rollback()


def test_a_contact_point_must_be_the_customers_own(crm: Crm, anna: Customer) -> None:
    other = Customer(name="Ben")
    mail = ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com")
    foreign = ContactPoint(customer_id=other.id, kind="email", value="ben@example.com")
    with crm.session() as session:
        session.add(other, mail, foreign)
        session.flush()
        grant(session, anna, "newsletter", channel="email")
        deny(session, anna, "newsletter", contact_point=mail)
        assert can_contact(session, anna, "email", "newsletter")
        assert not can_contact(session, anna, "email", "newsletter", contact_point=mail)
        with pytest.raises(BadInput, match="not one of Anna Berg"):
            can_contact(session, anna, "email", "newsletter", contact_point=foreign)
    with pytest.raises(Refused, match="belongs to another customer"), crm.session() as session:
        grant(session, anna, "newsletter", contact_point=foreign.id)


def test_many_customers_are_decided_with_as_many_statements_as_one(crm: Crm) -> None:
    people = [Customer(name=f"P{number}") for number in range(60)]
    with crm.session() as session:
        session.add(*people)
        session.flush()
        for number, person in enumerate(people[:40]):
            grant(session, person, "newsletter")
            if number % 2:
                withdraw(session, person, channel="email")
    with crm.session(reads=True) as session:
        asked: list[str] = []
        sa.event.listen(crm.database.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
        decided = contactable(session, people, "email", "newsletter")
        together = len(asked)
        assert list(decided) == [person.id for person in people]
        assert {id for id, decision in decided.items() if decision} == {person.id for person in people[:40:2]}
        assert [decided[person.id] for person in people[:5]] == [
            can_contact(session, person, "email", "newsletter") for person in people[:5]
        ]
    assert 0 < together <= 3
    with crm.session(reads=True) as session:
        asked.clear()
        contactable(session, people[:1], "email", "newsletter")
        assert len(asked) == together
        assert contactable(session, [], "email", "newsletter") == {}


def test_a_withdrawal_binds_those_who_may_not_read_it(crm: Crm) -> None:
    user = User(login="anna", name="Anna")
    role = Role(
        name="seller",
        grants=({"entity": "customer", "action": "read", "scope": "own"},),
    )
    mine, others = Customer(name="Mine", owner_id=user.id), Customer(name="Others")
    with crm.session() as session:
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id), mine, others)
        session.flush()
        grant(session, mine, "newsletter")
        withdraw(session, mine, "newsletter", channel="email")
    with crm.session(crm.actor("anna")) as session:
        assert consents_of(session, mine) == []
        assert not can_contact(session, mine, "email", "newsletter")
        assert can_contact(session, mine, "sms", "newsletter")
        with pytest.raises(NotFound):
            can_contact(session, others, "sms", "newsletter")
        assert list(contactable(session, [others, mine], "sms", "newsletter")) == [mine.id]


def test_words_outside_the_configured_ones_are_refused_with_the_closest(open_crm: OpenCrm) -> None:
    words = {"purposes": ["newsletter", "survey"], "channels": ["email", "sms"], "legal_bases": ["consent", "contract"]}
    crm = open_crm(config={"consent": words})
    anna = Customer(name="Anna")
    with crm.session() as session:
        session.add(anna)
    with pytest.raises(ValidationFailed) as caught, crm.session() as session:
        grant(session, anna, "newsleter", channel="emial", legal_basis="contrakt")
    assert [(error.path, error.value) for error in caught.value.errors] == [
        ("consent.purpose", "newsleter"),
        ("consent.channel", "emial"),
        ("consent.legal_basis", "contrakt"),
    ]
    assert "did you mean newsletter?" in str(caught.value)
    with crm.session() as session:
        grant(session, anna, "Newsletter", channel="email", legal_basis="consent")
        withdraw(session, anna, channel="sms")
        services = crm.services_for(session)
        assert services.can_contact(anna, "email", "newsletter")
        with pytest.raises(ValidationFailed, match=r"did you mean email\?"):
            services.can_contact(anna, "emial", "newsletter")
        with pytest.raises(ValidationFailed, match=r"did you mean survey\?"):
            services.contactable([anna], "email", "survy")


@pytest.mark.parametrize(("channel", "purpose"), [("", "newsletter"), ("email", ""), ("email", "*")])
def test_a_question_names_one_channel_and_one_purpose(crm: Crm, anna: Customer, channel: str, purpose: str) -> None:
    with crm.session(reads=True) as session, pytest.raises(BadInput, match="one channel and one purpose"):
        can_contact(session, anna, channel, purpose)


def test_terms_without_words_take_any() -> None:
    assert ConsentTerms().unknown("purpose", "whatever") is None
    assert ConsentTerms(purposes=("newsletter",)).unknown("purpose", "*") is None


def test_plugins_reach_it_through_their_services(open_crm: OpenCrm, clock: FixedClock) -> None:
    answers: list[Any] = []

    class Greeter:
        @hookimpl(specname="guard_records", entities=("interaction",))
        def guard_greetings(self, ctx: Any, call: RecordBatch) -> None:
            answers.append(ctx.services.can_contact(anna, "email", "newsletter").allowed)

    crm = open_crm(Greeter())
    anna = Customer(name="Anna")
    with crm.session() as session:
        session.add(anna)
        session.flush()
        crm.services_for(session).grant(anna, "newsletter")
        session.flush()
        session.add(Interaction(kind="email", occurred_at=clock.now()))
    assert answers == [True]


def test_what_an_import_claimed_by_mistake_can_be_taken_back(crm: Crm, anna: Customer) -> None:
    run = ImportRun(name="consents.csv", path="consents.csv", fingerprint="0")
    with crm.session() as session:
        session.add(run)
    with crm.session(cause=Cause(event_id=run.id)) as session:
        grant(session, anna, "newsletter")
    with crm.session(reads=True) as session:
        assert can_contact(session, anna, "email", "newsletter")
    report = revert_import(crm, crm.system, str(run.id))
    assert (report.deleted, report.conflicts) == (1, 0)
    with crm.session(reads=True) as session:
        assert not can_contact(session, anna, "email", "newsletter")
        assert consents_of(session, anna) == []
