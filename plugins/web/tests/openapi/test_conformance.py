"""The API does what its OpenAPI document says: schemathesis finds nothing, with all of its checks."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.interaction import Interaction
from crmkit.core.staff import Role, RoleAssignment, Team, User
from crmkit_web.login.tokens import make_token
from crmkit_web.openapi.document import openapi
from crmkit_web.openapi.operations import operations
from crmkit_web.serving.app import web_app
from crmkit_web.serving.site import Site
from plugins.web.tests.openapi.conformance import examine
from plugins.web.tests.openapi.excuses import RULES, excused

BIKES = "workshop_bikes"
FEW = (
    r"^/api/v1/(workshop_bikes(/\{id\}(/restore)?|/search)?|workshop/\w+|actions/workshop.*|auth/tokens|openapi\.json)$"
)
"""What a quick run looks at: records, a route and an action, and who may log in. All else takes minutes."""
GROUPS = (
    ("customers",),
    ("contact_points", "consents"),
    ("customer_relations", "relationships"),
    ("interactions", "products"),
    ("segments",),
    ("teams", "tags", "taggings"),
    ("users",),
    ("attachments", "handovers"),
    (BIKES, "audit_entries"),
)
"""Entities that are looked at together; between them they have every kind of field and every address of records."""
WORK = r"^/api/v1/(imports|exports|jobs|webhooks|changes|search)(/|$)"
REST = (
    r"^/api/v1/(auth|identify|merges|lifecycles-in-force|satisfaction|me|health|actions|panels|pages|reports|workshop"
    r"|openapi\.json|metadata)?(/(?!workshop_bikes)|$)"
)
SLOW = [pytest.mark.slow, pytest.mark.timeout(3_600)]


def _whole(*plurals: str) -> str:
    """Return the pattern of all addresses of some entities."""
    return rf"^/api/v1/(metadata/)?({'|'.join(plurals)})(/|$)"


@pytest.mark.parametrize("on_each", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
@pytest.mark.parametrize(
    ("entities", "only", "examples"),
    [
        pytest.param(BIKES, FEW, 1, id="few"),
        *(pytest.param(",".join(group), _whole(*group), 10, marks=SLOW, id=group[0]) for group in GROUPS),
        pytest.param(BIKES, WORK, 10, marks=SLOW, id="work"),
        pytest.param(BIKES, REST, 10, marks=SLOW, id="rest"),
    ],
)
def test_schemathesis_finds_nothing(on_each: Crm, entities: str, only: str, examples: int) -> None:
    crm = on_each
    token, known = _scene(crm)
    seen = examine(web_app(crm), Site(crm), token, entities, examples=examples, known=known, only=only)
    assert not seen.failures, f"{len(seen.failures)} failures\n\n" + "\n\n".join(seen.failures)
    assert seen.checks > 10_000
    # It came through to the records, and to what they refuse.
    of_records = set() if only in (WORK, REST) else {201, 428}
    assert {200, 204, 400, 401, 404, 405, 415, 422} | of_records <= seen.statuses.keys()
    assert not any(status >= 500 for status in seen.statuses)


def test_every_address_is_looked_at(site: Site) -> None:
    looked = [_whole(*group) for group in GROUPS] + [WORK, REST]
    entities = [plural for group in GROUPS for plural in group]
    paths = openapi(site, entities)["paths"]
    assert [path for path in paths if not any(re.search(one, path) for one in looked)] == []
    # What answers for some entity or other answers for one of these.
    endpoints = {one.id for one in site.endpoints if "{entity}" in one.path}
    told = {operation.endpoint.id for operation in operations(site, entities) if operation.entity is not None}
    assert endpoints - told == set()


REFERENCE = {"pointer": "/owner_id", "code": "reference"}


@pytest.mark.parametrize(
    ("kind", "status", "operation", "told", "right"),
    [
        (RejectedPositiveData, 422, "POST /customers", {"errors": [REFERENCE]}, True),
        (RejectedPositiveData, 500, "POST /customers", {"errors": [REFERENCE]}, False),
        (RejectedPositiveData, 400, "POST /customers", {"errors": [REFERENCE]}, False),
        (RejectedPositiveData, 422, "POST /customers/search", {"errors": [REFERENCE]}, False),
        (RejectedPositiveData, 422, "POST /customers", {"errors": [{**REFERENCE, "pointer": "/name"}]}, False),
        # All that is wrong with a request has to be beyond the document.
        (
            RejectedPositiveData,
            422,
            "POST /customers",
            {"errors": [REFERENCE, {"pointer": "/x", "code": "type"}]},
            False,
        ),
        (RejectedPositiveData, 422, "POST /customers", {"code": "reference"}, False),
        (RejectedPositiveData, 422, "POST /actions/{action}", {"errors": [{"pointer": "/ids", "code": "value"}]}, True),
        (
            RejectedPositiveData,
            422,
            "POST /actions/{action}",
            {"errors": [{"pointer": "/input", "code": "value"}]},
            False,
        ),
        (AcceptedNegativeData, 422, "POST /customers", {"errors": [REFERENCE]}, False),
        (AcceptedNegativeData, 200, "POST /customers/batch", {"failed": 1}, True),
        (AcceptedNegativeData, 200, "POST /customers/batch", {"failed": 0}, False),
        (AcceptedNegativeData, 200, "POST /customers", {"failed": 1}, False),
        (UseAfterFree, 200, "GET /customers/{id}/history", {"items": []}, True),
        (UseAfterFree, 200, "GET /customers/{id}", {}, False),
    ],
)
def test_only_what_is_named_is_excused(kind: Any, status: int, operation: str, told: Any, right: bool) -> None:
    method, _, path = operation.partition(" ")
    assert excused(failed(kind), answered(status, told), method, f"/api/v1{path}") is right


def failed(kind: Any, message: str = "") -> Any:
    failure = kind.__new__(kind)
    failure.message = message
    return failure


def answered(status: int, told: Any, query: str = "") -> Any:
    asked = SimpleNamespace(url=f"http://testserver/api/v1/customers{query}")
    return SimpleNamespace(status_code=status, content=json.dumps(told).encode(), request=asked)


@pytest.mark.parametrize(
    ("query", "message", "right"),
    [
        ("?point=", "parameter `point` in query - violates `enum` at /properties/point/items", True),
        ("?limit=1&point=", "parameter `point` in query - violates `enum` at /properties/point/items", True),
        ("?point=x", "parameter `point` in query - violates `enum` at /properties/point/items", False),
        ("?points=", "parameter `point` in query - violates `enum` at /properties/point/items", False),
        ("?point=", "parameter `limit` in query - violates `type` at /properties/limit", False),
    ],
)
def test_an_empty_list_is_no_wrong_word(query: str, message: str, right: bool) -> None:
    failure = failed(AcceptedNegativeData, message)
    assert excused(failure, answered(200, {"items": []}, query), "GET", "/api/v1/customers/{id}/panels") is right
    assert not excused(failure, answered(500, {"items": []}, query), "GET", "/api/v1/customers/{id}/panels")


def test_no_rule_excuses_a_defect() -> None:
    assert {rule.status for rule in RULES} == {400, 412, 422}
    assert all(rule.why for rule in RULES)


def _scene(crm: Crm) -> tuple[str, dict[str, str]]:
    """Return a token of somebody who may do everything, and ids of records to refer to."""
    with crm.session() as session:
        # Permissions of plugins are no actions on records.
        actions = ["*", *(permission.id for permission in crm.permissions)]
        role = Role(name="all", grants=tuple({"entity": "*", "action": one, "scope": "all"} for one in actions))
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
