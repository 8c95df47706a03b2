"""Plugins say who takes part in an interaction without importing anything of the services."""

from __future__ import annotations

from crmkit import Crm
from crmkit.core.interaction import InteractionParticipant
from crmkit.core.staff import User


def test_a_user_takes_part_as_staff(crm: Crm) -> None:
    with crm.session() as session:
        ann = User(login="ann", name="Ann")
        session.add(ann)
        services = crm.services_for(session)
        services.log("call", participants=[services.participant(user=ann), services.participant(address="b@x.example")])
    with crm.session(reads=True) as session:
        people = session.list(InteractionParticipant)
    assert {(one.user_id, one.role, one.address) for one in people} == {
        (ann.id, "staff", ""),
        (None, "customer", "b@x.example"),
    }
