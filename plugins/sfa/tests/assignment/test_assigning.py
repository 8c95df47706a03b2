from __future__ import annotations

from crmkit import Crm
from crmkit_sfa.assignment.entities import (
    Assignment,
)
from plugins.sfa.tests.assignment.crews import captured, owners, rule, users


def test_leads_go_round(crm: Crm) -> None:
    team = users(crm, "anna", "bert", "cleo")
    rule(crm, *team.values())
    for number in range(7):
        captured(crm, number)
    assert owners(crm) == {"anna": 3, "bert": 2, "cleo": 2}
    with crm.session(reads=True) as session:
        decisions = session.list(Assignment)
    assert len(decisions) == 7
    assert decisions[0].reasons[0]["chosen"] == "anna"
