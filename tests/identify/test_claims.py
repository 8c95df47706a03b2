"""Claims: kept until somebody decides, joined by the same somebody, and remembered."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import BadInput, Conflict, NotFound
from crmkit.core.identity import IdentityClaim
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.values.ids import new_id
from crmkit.core.values.partial_date import PartialDate
from crmkit.runtime.crm import Crm
from crmkit.services.identify import (
    Evidence,
    claim,
    dismiss,
    evidence_of,
    identify,
    not_the_same,
    recognise,
    reject,
    resolve,
)
from crmkit.store.session import Session
from tests.identify.conftest import Add

NOW = datetime(2024, 5, 1, 9, tzinfo=UTC)


def log_mail(session: Session, made: IdentityClaim, address: str, role: str = "customer") -> InteractionParticipant:
    mail = Interaction(kind="email", occurred_at=NOW)
    taking_part = InteractionParticipant(interaction_id=mail.id, claim_id=made.id, address=address, role=role)
    session.add(mail, taking_part)
    return taking_part


def test_who_is_known_makes_no_claim_and_who_tells_nothing_neither(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", email="anna@acme.com")
    with crm.session() as session:
        known, none = recognise(session, Evidence(emails="anna@acme.com"), "email")
        assert (known.customer_id, none) == (anna, None)
        nothing, none = recognise(session, Evidence(), "email")
        assert (nothing.kind, none) == ("unknown", None)
        with pytest.raises(BadInput, match="a claim needs"):
            claim(session, Evidence(phones="12"), "phone")


def test_resolving_a_claim_attaches_its_interactions_and_changes_nothing_else(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    with crm.session() as session:
        _, made = recognise(session, Evidence(emails="new@acme.com", name="A. Berg"), "email", {"subject": "Hello"})
        assert made is not None
        parts = [log_mail(session, made, "New@acme.com") for _ in range(3)]
        other = claim(session, Evidence(emails="horst@acme.com"), "email")
        stranger = log_mail(session, other, "horst@acme.com")
    with crm.session() as session:
        before = {part.id: session.get(InteractionParticipant, part.id) for part in parts}
        assert resolve(session, made.id, anna) == 3
    with crm.session() as session:
        for part in session.list(InteractionParticipant, id=list(before)):
            assert part.customer_id == anna
            assert (part.claim_id, part.address, part.occurred_at) == (made.id, "New@acme.com", NOW)
        assert session.get(InteractionParticipant, stranger.id).customer_id is None
        kept = session.get(IdentityClaim, made.id)
        assert (kept.state, kept.customer_id) == ("resolved", anna)
        assert session.count(ContactPoint, customer_id=anna) == 0
        with pytest.raises(Conflict, match="resolved already"):
            resolve(session, made.id, anna)
        with pytest.raises(NotFound):
            resolve(session, other.id, new_id())


def test_who_took_part_under_another_address_already_stays_one_participant(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", email="anna@acme.com")
    with crm.session() as session:
        made = claim(session, Evidence(emails="new@acme.com"), "email")
        part = log_mail(session, made, "new@acme.com")
        session.add(InteractionParticipant(interaction_id=part.interaction_id, customer_id=anna))
        twice = InteractionParticipant(interaction_id=part.interaction_id, claim_id=made.id, role="cc")
        again = InteractionParticipant(interaction_id=part.interaction_id, claim_id=made.id, role="cc")
        session.add(twice, again)
    with crm.session() as session:
        assert resolve(session, made.id, anna) == 1
    with crm.session() as session:
        taking_part = session.list(InteractionParticipant, interaction_id=part.interaction_id, customer_id=anna)
        assert sorted(p.role for p in taking_part) == ["cc", "customer"]


def test_learning_adds_the_points_once(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", phone="+49 30 1234567")
    evidence = Evidence(emails=["new@acme.com", "Anna@Acme.com"], phones="+49301234567", name="Nobody Else")
    with crm.session() as session:
        made = claim(session, evidence, "email")
        resolve(session, made, anna, learn=True)
    with crm.session() as session:
        points = session.list(ContactPoint, customer_id=anna)
        assert sorted(point.normalized for point in points) == ["+49301234567", "anna@acme.com", "new@acme.com"]
        assert identify(session, Evidence(emails="new@acme.com")).customer_id == anna


def test_the_same_somebody_joins_the_claim_that_there_is(crm: Crm) -> None:
    with crm.session() as session:
        first = claim(session, Evidence(emails="New@acme.com", name="New, Somebody"), "email")
        second = claim(session, Evidence(emails=["new@acme.com"], name="Somebody  New"), "email")
        third = claim(session, Evidence(emails="other@acme.com"), "email")
        assert first.id == second.id != third.id
        dismiss(session, first)
    with crm.session() as session:
        again = claim(session, Evidence(emails="new@acme.com", name="Somebody New"), "email")
        assert (again.id, again.state) == (first.id, "dismissed")
        assert session.count(IdentityClaim) == 2


def test_what_was_decided_for_the_same_evidence_holds(crm: Crm, add: Add) -> None:
    anna, bernd = add("Anna Berg", email="bergs@gmail.com"), add("Bernd Berg", email="bergs@gmail.com")
    evidence = Evidence(emails="bergs@gmail.com", name="Mama")
    with crm.session() as session:
        found, made = recognise(session, evidence, "email")
        assert (found.kind, made is not None) == ("candidates", True)
        assert made is not None
        resolve(session, made, anna)
    with crm.session() as session:
        again, none = recognise(session, evidence, "email")
        assert (again.customer_id, again.reasons[0].code, none) == (anna, "decided", None)
        assert identify(session, Evidence(emails="bergs@gmail.com", name="Bernd Berg")).customer_id == bernd
        # A name alone is borne by others, too: it is asked again.
        named = claim(session, Evidence(name="A. Berg"), "visit")
        resolve(session, named, anna)
        session.flush()
        assert identify(session, Evidence(name="A. Berg")).kind == "candidates"


def test_a_rejected_customer_is_no_candidate_any_more(crm: Crm, add: Add) -> None:
    anna, bernd = add("Anna Berg", email="bergs@gmail.com"), add("Bernd Berg", email="bergs@gmail.com")
    evidence = Evidence(emails="bergs@gmail.com")
    with crm.session() as session:
        made = claim(session, evidence, "email")
        assert {c["customer_id"] for c in made.candidates} == {str(anna), str(bernd)}
        kept = reject(session, made, anna)
        assert [c["customer_id"] for c in kept.candidates] == [str(bernd)]
    with crm.session() as session:
        found = identify(session, evidence)
        assert [c.customer_id for c in found.candidates] == [bernd]
        reject(session, kept.id, bernd)
    with crm.session() as session:
        assert identify(session, evidence).kind == "unknown"


def test_not_even_the_only_holder_of_a_key_when_rejected(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", phone="+49 30 1234567")
    with crm.session() as session:
        made = claim(session, Evidence(phones="+49301234567"), "phone")
        reject(session, made, anna)
    with crm.session() as session:
        assert identify(session, Evidence(phones="+49301234567")).kind == "unknown"


def test_a_claim_with_fifty_candidates_is_kept_and_resolved(crm: Crm) -> None:
    people = [Customer(name="Li Wei") for _ in range(60)]
    with crm.session() as session:
        session.add(*people)
    with crm.session() as session:
        found, made = recognise(session, Evidence(name="Wei Li"), "visit")
        assert made is not None
        assert len(made.candidates) == len(found.candidates) == 50
        log_mail(session, made, "")
    with crm.session() as session:
        kept = session.get(IdentityClaim, made.id)
        assert {UUID(c["customer_id"]) for c in kept.candidates} <= {person.id for person in people}
        assert all(c["reasons"] == ("name.same",) or c["reasons"] == ["name.same"] for c in kept.candidates)
        assert resolve(session, kept, people[59]) == 1


def test_a_claim_keeps_its_evidence(crm: Crm) -> None:
    evidence = Evidence(
        external={"erp": "1"},
        emails=["a@acme.com"],
        phones=["030 1"],
        name="王小明",
        street="建国路1号",
        country="CN",
        birth_date=PartialDate(month=2, day=29),
        kind="person",
    )
    with crm.session() as session:
        made = claim(session, evidence, "shop", {"raw": "<xml/>"})
    with crm.session() as session:
        kept = session.get(IdentityClaim, made.id)
        assert evidence_of(kept) == evidence
        assert kept.raw["received"] == {"raw": "<xml/>"}


def test_a_customer_is_the_same_as_itself(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    with crm.session() as session, pytest.raises(BadInput, match="the same as itself"):
        not_the_same(session, anna, anna)


def test_a_claim_with_fifty_candidates_is_decided_like_any_other(crm: Crm) -> None:
    people = [Customer(name="Li Wei") for _ in range(80)]
    with crm.session() as session:
        session.add(*people)
    with crm.session() as session:
        recognition, made = recognise(session, Evidence(name="Wei Li", emails="wei@example.com"), "email")
        assert made is not None
        assert (recognition.kind, len(made.candidates)) == ("candidates", 50)
        mail = Interaction(kind="email", occurred_at=crm.clock.now())
        session.add(mail, InteractionParticipant(interaction_id=mail.id, claim_id=made.id))
    named = [UUID(candidate["customer_id"]) for candidate in made.candidates]
    assert len(set(named)) == 50
    with crm.session() as session:
        for id in named[:3]:
            reject(session, made.id, id)
            session.flush()
        left = session.get(IdentityClaim, made.id)
        assert [UUID(one["customer_id"]) for one in left.candidates] == named[3:]
        # Somebody beyond the fifty may be chosen as well.
        (other, *_) = sorted({one.id for one in people} - set(named))
        assert resolve(session, made.id, other) == 1
    with crm.session(reads=True) as session:
        assert session.find(InteractionParticipant, interaction_id=mail.id).customer_id == other
