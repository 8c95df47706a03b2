from __future__ import annotations

import pytest

from crmkit.core.customer import ContactPoint, CustomerRelation
from crmkit.core.grouping import Tag
from crmkit.core.identity import IdentityClaim
from crmkit.runtime.crm import Crm
from crmkit.testing.making import MakeCrm, MakeCustomer


@pytest.fixture
def crm(make_crm: MakeCrm, database_url: str) -> Crm:
    return make_crm(url=database_url)


def test_what_refers_to_records_is_counted_by_entity(crm: Crm, make_customer: MakeCustomer) -> None:
    anna, kite = make_customer(email="anna@kite.example", phone="+49 40 123456"), make_customer()
    with crm.session() as session:
        session.add(CustomerRelation(from_id=anna.id, to_id=kite.id, type="referred_by"))
        crm.services_for(session).add_tags([kite], ["dear"])
    with crm.session() as session:
        session.delete(session.list(ContactPoint, kind="phone")[0])
    with crm.session() as session:
        tag = session.find(Tag, name="dear")
        assert tag is not None
        found = crm.services_for(session).referring([anna, kite, tag])
    counted = {id: {entity: count for entity, count in uses.items() if count} for id, uses in found.items()}
    assert counted[anna.id] == {"contact_point": 1, "customer_relation": 1}
    assert counted[kite.id] == {"customer_relation": 1, "tagging": 1}
    assert counted[tag.id] == {"tagging": 1}


def test_a_claim_is_known_again_by_its_key(crm: Crm) -> None:
    with crm.session() as session:
        services = crm.services_for(session)
        key = services.evidence(emails=["anna@kite.example"])
        for name in ("", "Anna Berg", "A. Berg"):
            full = services.evidence(emails=["anna@kite.example"], name=name)
            services.recognise(full, "web", {"name": name}, key)
        (claim,) = session.list(IdentityClaim)
    assert claim.raw["received"] == {"name": ""}
