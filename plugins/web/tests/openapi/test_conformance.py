"""The API does what its OpenAPI document says: schemathesis finds nothing, with all of its checks."""

from __future__ import annotations

import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.interaction import Interaction
from crmkit.core.staff import Role, RoleAssignment, Team, User
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app
from crmkit_web.serving.site import Site
from plugins.web.tests.openapi.conformance import examine

NARROW = "workshop_bikes"
FEW = (
    r"^/api/v1/(workshop_bikes(/\{id\}(/restore)?|/search)?|workshop/\w+|actions/workshop.*|auth/tokens|openapi\.json)$"
)
"""What a quick run looks at: records, a route and an action, and who may log in. All else takes minutes."""
WIDE = (
    "customers,contact_points,consents,interactions,products,tags,taggings,segments,customer_relations,"
    "relationships,users,teams,workshop_bikes,audit_entries"
)


@pytest.mark.parametrize("on_each", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
@pytest.mark.parametrize(
    ("entities", "only", "examples"),
    [(NARROW, FEW, 1), pytest.param(WIDE, "", 10, marks=[pytest.mark.slow, pytest.mark.timeout(7_200)])],
    ids=["few", "all"],
)
def test_schemathesis_finds_nothing(on_each: Crm, entities: str, only: str, examples: int) -> None:
    crm = on_each
    token, known = _scene(crm)
    seen = examine(web_app(crm), Site(crm), token, entities, examples=examples, known=known, only=only)
    assert not seen.failures, f"{len(seen.failures)} failures\n\n" + "\n\n".join(seen.failures)
    assert seen.checks > 10_000
    # It came through to the records, and to what they refuse.
    assert {200, 201, 204, 400, 401, 404, 405, 415, 422, 428} <= seen.statuses.keys()


def _scene(crm: Crm) -> tuple[str, dict[str, str]]:
    """Return a token of somebody who may do everything, and ids of records to refer to."""
    with crm.session() as session:
        role = Role(name="all", grants=({"entity": "*", "action": "*", "scope": "all"},))
        user, team = User(login="root", name="Root"), Team(name="Root's")
        customer = Customer(kind="organization", name="Kestrel")
        call = Interaction(kind="call", occurred_at=crm.context(session, "web").clock.now())
        session.add(role, user, team, customer, call)
        session.flush()
        session.add(RoleAssignment(user_id=user.id, role_id=role.id))
        known = {"user": user, "team": team, "customer": customer, "interaction": call}
        found = {name: str(record.id) for name, record in known.items()}
    with crm.session() as session:
        token = make_token(crm.context(session, "web"), session.get(User, found["user"]), "conformance")
    return token, found
