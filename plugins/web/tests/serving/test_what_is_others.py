"""What belongs to another team, user or tenant stays theirs, at every address: made from the table of endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

import crmkit_web
from crmkit import Crm
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.grouping import Segment
from crmkit.core.interaction import Interaction
from crmkit.core.staff import User
from crmkit.testing.making import AsUser
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.site import Site
from plugins.web.tests.conftest import Api

MARK = "zqsecret"
NOTHING_HAPPENED = {400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428}
BODIES: Mapping[str, Any] = {
    "batch_records": {"atomic": True, "operations": []},
    "change_record": {"source": "stolen"},
    "move_record": {"to": "customer"},
    "record_consent": {"purpose": "newsletter", "channel": "email", "decision": "granted"},
    "do_action": {"ids": []},
    "erase_customer": {"reason": "stolen", "expected": 1},
    "ask_customer": {"questions": ["any"]},
    "answer_survey": {"answers": [{"question": "any", "score": "1"}]},
    "hand_over": {"rest": ["stranger"]},
    "preview_hand_over": {"rest": ["stranger"]},
    "do_record_action": {},
}
"""What is sent where an empty object would be refused for itself."""


def told(answer: Any) -> Any:
    assert answer.status_code in (200, 201, 202), answer.text
    return answer.json()


def made_webhook(owner: Api) -> str:
    sent = {"url": "http://127.0.0.1:9/zqsecret", "events": ["*"]}
    return str(told(owner.post("/webhooks", sent))["id"])


def made_import(owner: Api) -> str:
    sent = owner.post(
        "/imports/file?entity=customer&filename=zqsecret.csv",
        content=f"external_id,name,kind\nz1,{MARK},organization\n".encode(),
        headers={"content-type": "text/csv", "content-disposition": 'attachment; filename="zqsecret.csv"'},
    )
    return str(told(sent)["id"])


def made_export(owner: Api) -> str:
    return str(told(owner.post("/exports", {"entity": "customer", "format": "csv"}))["id"])


def made_job(owner: Api) -> str:
    made_export(owner)
    return str(told(owner.get("/jobs"))["items"][0]["id"])


def made_token(owner: Api) -> str:
    return str(told(owner.post("/auth/tokens", {"name": MARK}))["id"])


def made_merge(owner: Api) -> str:
    one, two = (told(owner.post("/customers", {"name": f"{MARK} {n}", "kind": "organization"})) for n in (1, 2))
    merged = owner.post("/customers/merge", {"kept_id": one["id"], "lost_id": two["id"]})
    assert merged.status_code in (200, 201), merged.text
    return str(told(owner.get("/merges"))["items"][0]["id"])


MAKERS: Mapping[str, Callable[[Api], str]] = {
    "/webhooks/{id}": made_webhook,
    "/imports/{id}": made_import,
    "/exports/{id}": made_export,
    "/jobs/{id}": made_job,
    "/auth/tokens/{id}": made_token,
    "/auth/sessions/{id}": lambda owner: str(uuid4()),
    "/merges/{id}": made_merge,
}
"""What addresses of single things are about, and how somebody comes to have one. New addresses need a line here."""


def endpoints() -> list[Endpoint]:
    with Crm.open(plugins=[crmkit_web]) as crm:
        return list(Site(crm).endpoints)


ABOUT_RECORDS = [one for one in endpoints() if one.path.startswith("/{entity}/{id}")]
ABOUT_THINGS = [one for one in endpoints() if "{id}" in one.path and not one.path.startswith("/{entity}")]
LOGGED_IN = [one for one in endpoints() if not one.public]


def named(some: list[Endpoint]) -> list[Any]:
    return [pytest.param(one, id=one.id) for one in some]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two teams in one tenant, and another tenant beside it, in one database."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path_factory.mktemp('others') / 'web.db'}"
    else:
        address = request.getfixturevalue("web_postgres_url")
    config = {"plugins": {"web": {"requests": 0, "allowed_networks": ["127.0.0.0/8"]}}}
    with (
        Crm.open(address, plugins=[crmkit_web], config=config, tenant=uuid4().hex) as crm,
        Crm.open(address, plugins=[crmkit_web], config=config, tenant=uuid4().hex) as other,
        TestClient(web_app(crm)) as client,
        TestClient(web_app(other)) as other_client,
    ):
        yield Scene(crm, client, other, other_client)


class Scene:
    """Who there is: an owner with records, a stranger of another team, and somebody with every right in another tenant."""

    def __init__(self, crm: Crm, client: TestClient[Any], other: Crm, other_client: TestClient[Any]) -> None:
        self.crm = crm
        AsUser(crm)("* * all", "* web.manage_webhooks all", login="owner", team="North")
        AsUser(crm)("* * team", "* web.manage_webhooks all", login="stranger", team="South")
        AsUser(other)("* * all", "* web.manage_webhooks all", login="foreigner")
        self.owner = Api(client, _token(crm, "owner"))
        self.strangers = {
            "another team": Api(client, _token(crm, "stranger")),
            "another tenant": Api(other_client, _token(other, "foreigner")),
        }
        with crm.session(crm.actor("owner")) as session:
            customer = Customer(name=MARK, kind="organization", description=MARK)
            point = ContactPoint(customer_id=customer.id, kind="email", value=f"{MARK}@example.com")
            call = Interaction(kind="call", subject=MARK, occurred_at=crm.clock.now())
            segment = Segment(name=MARK, entity="customer", filter="country = DE")
            session.add(customer, point, call, segment)
            session.flush()
            self.records = {"customers": customer.id, "contact_points": point.id, "interactions": call.id}
            self.records["segments"] = segment.id
        self.things = {path: make(self.owner) for path, make in MAKERS.items()}

    def state(self) -> list[Any]:
        """Return all that the owner's records hold."""
        with self.crm.session(reads=True) as session:
            kinds = (Customer, ContactPoint, Interaction, Segment)
            return [record for kind in kinds for record in session.list(kind, order="id", deleted=True)]


def _token(crm: Crm, login: str) -> str:
    with crm.session() as session:
        user = session.find(User, login=login)
        assert user is not None
        return make_token(crm.context(session, "web"), user, "test")


def asked(api: Api, endpoint: Endpoint, path: str) -> Any:
    """Send a request that would do, were it for the asker's own."""
    given: dict[str, Any] = {"headers": {"if-match": "*"}}
    if endpoint.method not in ("GET", "DELETE"):
        given["json"] = BODIES.get(endpoint.id, {})
    required = "&".join(f"{one.name}=2026-01-01T00:00:00Z" for one in endpoint.query if one.required)
    return api.request(endpoint.method, f"{path}?{required}" if required else path, **given)


@pytest.mark.parametrize("endpoint", named(ABOUT_RECORDS))
def test_records_of_others_are_neither_shown_nor_changed(scene: Scene, endpoint: Endpoint) -> None:
    before = scene.state()
    for who, api in scene.strangers.items():
        for plural, id in scene.records.items():
            path = endpoint.path.replace("{entity}", plural).replace("{id}", str(id))
            answer = asked(api, endpoint, path.replace("{action}", "web.nothing"))
            assert answer.status_code in NOTHING_HAPPENED, (who, plural, answer.status_code, answer.text)
            assert MARK not in answer.text, (who, plural)
    assert scene.state() == before


@pytest.mark.parametrize("endpoint", named(ABOUT_THINGS))
def test_things_of_others_are_neither_shown_nor_changed(scene: Scene, endpoint: Endpoint) -> None:
    prefix = endpoint.path[: endpoint.path.index("{id}") + 4]
    assert prefix in MAKERS, f"say in MAKERS how somebody comes to have what {prefix} is about"
    for who, api in scene.strangers.items():
        answer = asked(api, endpoint, endpoint.path.replace("{id}", scene.things[prefix]))
        assert answer.status_code in NOTHING_HAPPENED, (who, answer.status_code, answer.text)
        assert MARK not in answer.text, who


@pytest.mark.parametrize("endpoint", named([one for one in endpoints() if one.method == "GET" and "{" not in one.path]))
def test_lists_hold_nothing_of_others(scene: Scene, endpoint: Endpoint) -> None:
    for who, api in scene.strangers.items():
        assert MARK not in api.get(endpoint.path).text, who
    assert all(
        MARK not in api.get("/search?q=zqsecret").text.replace('"zqsecret"', "") for api in scene.strangers.values()
    )


@pytest.mark.parametrize("plural", ["customers", "contact_points", "interactions", "segments"])
def test_lists_of_records_hold_nothing_of_others(scene: Scene, plural: str) -> None:
    for who, api in scene.strangers.items():
        assert api.get(f"/{plural}?count=exact").json() == {"items": [], "next": None, "count": 0}, who
        assert MARK not in api.post(f"/{plural}/search", {}).text


@pytest.mark.parametrize("endpoint", named(LOGGED_IN))
def test_nothing_is_answered_without_log_in(scene: Scene, endpoint: Endpoint) -> None:
    path = endpoint.path.replace("{entity}", "customers").replace("{id}", str(scene.records["customers"]))
    for headers in ({}, {"authorization": "Bearer crm_nobody"}, {"cookie": "crmkit_session=nobody"}):
        api = Api(scene.owner.client)
        answer = api.request(endpoint.method, path, headers=headers)
        assert answer.status_code == 401, (headers, answer.text)
        assert answer.headers["www-authenticate"].startswith("Bearer")
