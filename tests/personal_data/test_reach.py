"""What belongs to a person is found by references; those that name the entity beside the id, by both."""

from __future__ import annotations

import pytest

from crmkit import Crm
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.identity import ExternalIdentity
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.services.personal_data.reach import Edge, Reach
from crmkit.store.session import Session


def test_a_record_that_names_another_entity_beside_the_id_does_not_belong(crm: Crm) -> None:
    anna = Customer(kind="person", given_name="Anna")
    point = ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com")
    named = {
        "hers": ("customer", anna.id),
        "of her address": ("contact_point", point.id),
        "of an address with her id": ("contact_point", anna.id),
        "of an interaction with her id": ("interaction", anna.id),
    }
    with crm.session() as session:
        session.add(anna, point)
        for name, (entity, id) in named.items():
            session.add(ExternalIdentity(system="erp", external_id=name, entity=entity, record_id=id))
    with crm.session(reads=True) as session:
        found = Reach(session, "customer", [session.get(Customer, anna.id)]).items["external_identity"].values()
    assert {item.record.external_id: [edge.source for edge in item.edges] for item in found} == {
        "hers": [("customer", anna.id)],
        "of her address": [("contact_point", point.id)],
    }


def test_what_refers_to_any_record_is_asked_once_for_all_of_a_step(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = Customer(kind="person", given_name="Anna")
    call = Interaction(kind="call", occurred_at=crm.clock.now())
    with crm.session() as session:
        session.add(anna, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"), call)
        session.add(InteractionParticipant(interaction_id=call.id, customer_id=anna.id))
    asked: list[type] = []
    listed = Session.list

    def noted(self: Session, entity: type, *given: object, **named: object) -> list[object]:
        asked.append(entity)
        return listed(self, entity, *given, **named)  # type: ignore[arg-type]

    with crm.session(reads=True) as session:
        root = session.get(Customer, anna.id)
        monkeypatch.setattr(Session, "list", noted)
        reached = Reach(session, "customer", [root])
    assert {"contact_point", "interaction", "interaction_participant"} <= reached.items.keys()
    assert reached.items["interaction"][call.id].edges == [Edge("joined", ("customer", call.id))]
    # From the customer; from the address, the interaction and the part in it at once; nothing leads on from there.
    assert asked.count(ExternalIdentity) == 2
