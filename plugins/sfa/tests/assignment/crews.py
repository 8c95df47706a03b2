"""Users who take turns, the rules for it, and leads that come in."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from crmkit import Crm
from crmkit.core.staff import User
from crmkit.plugin import change
from crmkit_sfa.assignment.entities import AssignmentMember, AssignmentRule
from crmkit_sfa.leads.capturing import capture
from crmkit_sfa.leads.entities import Lead


def users(crm: Crm, *logins: str, **fields: object) -> dict[str, User]:
    made = {login: change(User(login=login, name=login.title()), **fields) for login in logins}
    with crm.session() as session:
        session.add(*made.values())
    return made


def rule(crm: Crm, *members: User, name: str = "all", **fields: object) -> AssignmentRule:
    made = change(AssignmentRule(name=name), **fields)
    with crm.session() as session:
        session.add(made, *[AssignmentMember(rule_id=made.id, user_id=member.id) for member in members])
    return made


def captured(crm: Crm, number: int = 1, **details: object) -> Lead:
    with crm.session() as session:
        told = {"person": f"Anna {number}", "email": f"anna{number}@kestrel.example", **details}
        made = capture(crm.context(session, "sfa"), **told).lead
    return made


def owners(crm: Crm) -> Counter[str]:
    with crm.session(reads=True) as session:
        names: dict[UUID | None, str] = {user.id: user.login for user in session.list(User)}
        return Counter(names.get(lead.owner_id, "") for lead in session.list(Lead))
