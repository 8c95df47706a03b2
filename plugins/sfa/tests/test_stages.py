from crmkit import Crm
from crmkit_sfa.opportunities.entities import Opportunity


def test_it_is_stored(crm: Crm) -> None:
    with crm.session() as session:
        session.add(Opportunity(name="A"))
    with crm.session() as session:
        assert session.list(Opportunity)[0].name == "A"
