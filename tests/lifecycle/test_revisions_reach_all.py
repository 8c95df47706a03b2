"""A new revision of a lifecycle takes all records along, whoever brings it into force."""

from __future__ import annotations

from crmkit.core.customer import Customer
from crmkit.core.lifecycle import Relationship, StageTrack
from crmkit.core.lifecycle_reading import lifecycle_from_data, lifecycle_to_data
from crmkit.runtime.crm import Crm
from crmkit.services.lifecycle.defining import active_lifecycle, default_lifecycle, define, ensure_lifecycles
from crmkit.services.lifecycle.evaluating import evaluate_rules
from crmkit.testing.making import AsUser


def test_tracks_that_the_actor_does_not_see_come_along_once(crm: Crm) -> None:
    with crm.session() as session:
        ensure_lifecycles(session, [default_lifecycle()])
        people = [Customer(name=f"P{number}") for number in range(7)]
        session.add(*people)
        session.add(*[Relationship(customer_id=one.id) for one in people])
    bob = AsUser(crm)("lifecycle * all", "stage_track * own", "stage_transition * own")
    changed = lifecycle_from_data({**lifecycle_to_data(default_lifecycle()), "label": "Our customers"})
    with crm.session(bob) as session:
        define(session, changed)
    evaluate_rules(crm, crm.system)
    with crm.session(reads=True) as session:
        revision = active_lifecycle(session, "customer")
        assert revision.revision == 2
        assert session.count(StageTrack, lifecycle_id=revision.id) == session.count(StageTrack) == 7
