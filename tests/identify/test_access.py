"""Whoever may not see a customer learns nothing of it: the answers are those of a base without it."""

from __future__ import annotations

from uuid import UUID

import attrs
import pytest

from crmkit.core.access import Actor, Scope
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import AccessDenied, NotFound
from crmkit.core.identity import ExternalIdentity, IdentityClaim
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import User
from crmkit.runtime.crm import Crm
from crmkit.services.identify import Evidence, claim, identify, lookalikes, resolve
from crmkit.services.identify.duplicates import find_duplicates
from tests.identify.test_claims import NOW

EVIDENCE = [
    Evidence(emails="bergs@gmail.com"),
    Evidence(phones="+49301234567"),
    Evidence(external=("erp", "hidden")),
    Evidence(external=[("erp", "hidden"), ("erp", "seen")]),
    Evidence(domain="acme.com"),
    Evidence(emails="new@acme.com"),
    Evidence(name="Anna Berg"),
    Evidence(name="A. Berg", emails="bergs@gmail.com"),
    Evidence(name="Anna Berg", address="Obere Str. 57, 12209 Berlin"),
]


def _seller(crm: Crm, login: str) -> Actor:
    user = User(login=login, name=login.title())
    with crm.session() as session:
        session.add(user)
    rights = {("*", "read"): Scope.OWN, ("*", "create"): Scope.OWN, ("*", "update"): Scope.OWN}
    return attrs.evolve(crm.system, name=login, user_id=user.id, everything=False, grants=rights)


def _customer(crm: Crm, owner: Actor, name: str, number: str, **values: object) -> UUID:
    record = Customer(name=name, owner_id=owner.user_id, **values)  # type: ignore[arg-type]
    points = [("email", "bergs@gmail.com"), ("phone", "+49 30 1234567"), ("address", "Obere Str. 57, 12209 Berlin")]
    with crm.session() as session:
        session.add(record)
        session.add(*[ContactPoint(customer_id=record.id, kind=kind, value=text) for kind, text in points])  # type: ignore[arg-type]
        session.add(ExternalIdentity(system="erp", external_id=number, entity="customer", record_id=record.id))
    return record.id


@pytest.mark.parametrize("alone", [True, False])
def test_hidden_customers_change_nothing_in_the_answer(crm: Crm, alone: bool) -> None:
    mine, other = _seller(crm, "mine"), _seller(crm, "other")
    if not alone:
        _customer(crm, mine, "Bernd Berg", "seen")
    with crm.session(mine) as session:
        before = [identify(session, evidence) for evidence in EVIDENCE]
        pairs = find_duplicates(session, 0.0)
    hidden = {
        _customer(crm, other, "Anna Berg", "hidden"),
        _customer(crm, other, "Acme GmbH", "firm", kind="organization", domain="acme.com"),
    }
    with crm.session(mine) as session:
        assert [identify(session, evidence) for evidence in EVIDENCE] == before
        assert find_duplicates(session, 0.0) == pairs == []
        for person in session.list(Customer):
            assert lookalikes(session, person) == ()
    with crm.session() as session:
        seen = [identify(session, evidence) for evidence in EVIDENCE]
        found = {c.customer_id for r in seen for c in r.candidates} | {r.customer_id for r in seen}
    assert hidden <= found


def test_points_that_may_not_be_read_recognise_nobody(crm: Crm) -> None:
    mine = _seller(crm, "mine")
    anna = _customer(crm, mine, "Anna Berg", "1")
    blind = attrs.evolve(mine, grants={("customer", "read"): Scope.OWN, ("identity_claim", "read"): Scope.OWN})
    with crm.session(blind) as session:
        assert identify(session, Evidence(emails="bergs@gmail.com")).kind == "unknown"
        named = identify(session, Evidence(emails="bergs@gmail.com", name="Anna Berg"))
    assert [(c.customer_id, [r.code for r in c.reasons]) for c in named.candidates] == [(anna, ["name.same"])]


def test_a_claim_is_resolved_within_the_rights_and_attaches_everything(crm: Crm) -> None:
    mine, other = _seller(crm, "mine"), _seller(crm, "other")
    anna, hidden = _customer(crm, mine, "Anna Berg", "1"), _customer(crm, other, "Horst Kloss", "2")
    with crm.session() as session:
        made = claim(session, Evidence(emails="new@acme.com"), "email")
        mail = Interaction(kind="email", occurred_at=NOW)
        session.add(mail, InteractionParticipant(interaction_id=mail.id, claim_id=made.id))
    with crm.session(mine) as session, pytest.raises(NotFound):
        resolve(session, made.id, anna)
    with crm.session() as session:
        session.update(attrs.evolve(session.get(IdentityClaim, made.id), owner_id=mine.user_id))
    with crm.session(mine) as session:
        with pytest.raises(NotFound):
            resolve(session, made.id, hidden)
        assert resolve(session, made.id, anna) == 1
        assert session.get(Interaction, mail.id).kind == "email"


def test_without_the_right_to_update_claims_nothing_is_resolved(crm: Crm) -> None:
    mine = _seller(crm, "mine")
    anna = _customer(crm, mine, "Anna Berg", "1")
    with crm.session(mine) as session:
        made = claim(session, Evidence(emails="new@acme.com"), "email")
    reader = attrs.evolve(mine, grants={("*", "read"): Scope.OWN})
    with pytest.raises(AccessDenied), crm.session(reader) as session:
        resolve(session, made.id, anna)
    with crm.session(mine) as session:
        assert session.get(IdentityClaim, made.id).state == "open"
