"""Logging in at an OpenID provider, a real one on this machine: what it vouches for, and what it does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import httpx
import pytest
from litestar.testing import TestClient

import crmkit_web
from crmkit import Crm
from crmkit.core.entity import change
from crmkit.core.staff import RoleAssignment, User
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.login.entities import LogIn, ProviderFlow, ProviderIdentity
from crmkit_web.serving.app import web_app
from plugins.web.tests.login.conftest import Browser
from plugins.web.tests.login.openid_provider import CLIENT, SECRET, OpenIdProvider, key, serving


@pytest.fixture
def provider(clock: FixedClock) -> Iterator[OpenIdProvider]:
    with serving(clock) as made:
        yield made


def opened(make_crm: MakeCrm, file: Path, provider: OpenIdProvider, **more: object) -> Crm:
    ours = {"issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, "label": "Staff", **more}
    settings = {"plugins": {"web": {"address": "https://crm.example.com", "oidc": {"ours": ours}}}}
    return make_crm(plugins=[crmkit_web], config=settings, url=f"sqlite:///{file}", check=False)


@pytest.fixture
def office(make_crm: MakeCrm, tmp_path: Path, empty_desk: Path, provider: OpenIdProvider) -> Crm:
    """A CRM whose users log in at the provider."""
    return opened(make_crm, Path(shutil.copy(empty_desk, tmp_path / "office.db")), provider)


@attrs.define
class Visit:
    """A browser on its way through a log-in at the provider."""

    client: TestClient[Any]
    flow: str = ""
    answer: dict[str, str] = attrs.field(factory=dict)

    def begin(self, next_: str = "") -> httpx.Response:
        query = {"next": next_} if next_ else {}
        went = self.client.get("/api/v1/auth/oidc/ours", params=query, follow_redirects=False)
        self.client.cookies.clear()
        self.flow = went.headers.get("set-cookie", "").partition(";")[0]
        return went

    def log_in(self, next_: str = "") -> None:
        """Go to the provider and take its answer along, without handing it in."""
        sent = httpx.get(self.begin(next_).headers["location"])
        assert sent.status_code == 302
        back = urlsplit(sent.headers["location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == "https://crm.example.com/api/v1/auth/oidc/ours/callback"
        self.answer = {name: values[0] for name, values in parse_qs(back.query).items()}

    def end(self, name: str = "ours", **changed: str) -> httpx.Response:
        given = {key: value for key, value in (self.answer | changed).items() if value}
        reply = self.client.get(
            f"/api/v1/auth/oidc/{name}/callback", params=given, headers={"cookie": self.flow}, follow_redirects=False
        )
        self.client.cookies.clear()
        return reply


@pytest.fixture
def visit(office: Crm) -> Iterator[Visit]:
    AsUser(office)("* * all", login="ada", email="Ada@example.com")
    with TestClient(web_app(office), raise_server_exceptions=False) as client:
        yield Visit(client)


def test_a_user_logs_in_by_a_verified_address_and_is_known_from_then_on(
    visit: Visit, office: Crm, provider: OpenIdProvider
) -> None:
    assert visit.client.get("/api/v1/auth/oidc").json() == {
        "items": [{"name": "ours", "label": "Staff", "address": "/api/v1/auth/oidc/ours"}]
    }
    visit.log_in("/customers?sort=name")
    ended = visit.end()
    assert (ended.status_code, ended.headers["location"]) == (303, "/customers?sort=name")
    browser = Browser(visit.client)
    browser.cookie = ended.headers["set-cookie"].partition(";")[0]
    assert browser.cookie.startswith("__Host-crmkit_session=")
    told = browser.send("GET", "/auth/session").json()
    assert (told["user"]["login"], told["method"]) == ("ada", "oidc:ours")
    browser.csrf = told["csrf_token"]
    assert browser.send("POST", "/customers", json={"name": "Kestrel", "kind": "organization"}).status_code == 201
    # Another address does not make her somebody else: the provider's own id of her counts.
    provider.person |= {"email": "other@example.com"}
    visit.log_in()
    assert visit.end().status_code == 303
    with office.session() as session:
        [identity] = session.list(ProviderIdentity)
        assert identity.subject == "subject-1"
        assert {one.outcome for one in session.list(LogIn)} == {"done"}
        assert session.list(ProviderFlow) == []


def test_the_way_there_is_bound_to_this_log_in(visit: Visit) -> None:
    went = visit.begin()
    asked = parse_qs(urlsplit(went.headers["location"]).query)
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == (
        ["code"],
        ["S256"],
        [CLIENT],
    )
    assert {len(asked[name][0]) for name in ("state", "nonce", "code_challenge")} == {43}
    assert {"HttpOnly", "SameSite=Lax", "Secure"} <= set(went.headers["set-cookie"].split("; "))
    again = parse_qs(urlsplit(visit.begin().headers["location"]).query)
    assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))


def test_an_answer_that_belongs_to_no_log_in_is_refused(visit: Visit, clock: FixedClock) -> None:
    visit.log_in()
    refused = visit.end(state="x" * 43)
    assert (refused.status_code, refused.json()["code"], "set-cookie" in refused.headers) == (400, "bad_state", False)
    assert visit.end(state="").json()["code"] == "bad_state"
    # In another browser the answer is worth nothing, and then no more in this one either.
    mine, visit.flow = visit.flow, "__Host-crmkit_login=of-another-browser"
    assert visit.end().json()["code"] == "bad_state"
    visit.flow = mine
    assert visit.end().json()["code"] == "bad_state"
    visit.log_in()
    clock.advance(minutes=10)
    assert visit.end().json()["code"] == "bad_state"


def test_a_code_is_good_once(visit: Visit) -> None:
    visit.log_in()
    first = dict(visit.answer)
    assert visit.end().status_code == 303
    assert visit.end().json()["code"] == "bad_state"
    # Nor in a log-in of another browser.
    visit.log_in()
    assert visit.end(code=first["code"]).json()["code"] == "bad_identity"


def test_a_refusal_of_the_provider_is_told(visit: Visit) -> None:
    visit.log_in()
    refused = visit.end(code="", error="access_denied", error_description="<script>")
    assert (refused.status_code, "<script>" in refused.text) == (401, False)
    visit.log_in()
    assert visit.end(iss="https://another.example").json()["code"] == "bad_identity"


Twist = Callable[[dict[str, Any]], dict[str, Any]]
TWISTS: dict[str, Twist] = {
    "wrong nonce": lambda claims: claims | {"nonce": "of another log-in"},
    "no nonce": lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
    "foreign audience": lambda claims: claims | {"aud": "somebody-else"},
    "foreign party": lambda claims: claims | {"aud": [CLIENT, "other"], "azp": "other"},
    "several audiences and no party": lambda claims: claims | {"aud": [CLIENT, "other"]},
    "foreign issuer": lambda claims: claims | {"iss": "https://another.example"},
    "expired": lambda claims: claims | {"exp": claims["iat"] - 61},
    "no end": lambda claims: {name: value for name, value in claims.items() if name != "exp"},
    "of the future": lambda claims: claims | {"iat": claims["iat"] + 3_600},
    "no subject": lambda claims: {name: value for name, value in claims.items() if name != "sub"},
    "empty subject": lambda claims: claims | {"sub": ""},
    "a subject that is no text": lambda claims: claims | {"sub": 7},
}


def test_tokens_that_say_something_else_are_refused(visit: Visit, provider: OpenIdProvider, office: Crm) -> None:
    for name, twist in TWISTS.items():
        provider.twist = twist
        visit.log_in()
        refused = visit.end()
        assert (refused.status_code, refused.json()["code"]) == (401, "bad_identity"), name
        assert "set-cookie" not in refused.headers
    with office.session() as session:
        assert {one.outcome for one in session.list(LogIn)} == {"wrong"}
        assert session.list(ProviderIdentity) == []
    provider.twist = lambda claims: claims | {"aud": [CLIENT, "other"], "azp": CLIENT}
    visit.log_in()
    assert visit.end().status_code == 303


def test_tokens_that_somebody_else_could_have_made_are_refused(visit: Visit, provider: OpenIdProvider) -> None:
    foreign = key("first", "somebody else")
    ways: dict[str, Callable[[dict[str, Any]], Any]] = {
        "none": provider.unsigned,
        "a shared secret": provider.signed_with_what_everybody_knows,
        "another key": lambda claims: provider.sign(claims, foreign),
        "nothing": lambda claims: None,
        "no token": lambda claims: "a.b.c",
        "a cut off one": lambda claims: provider.sign(claims)[:-4],
    }
    for name, signed in ways.items():
        provider.signed = signed
        visit.log_in()
        refused = visit.end()
        assert (refused.status_code, refused.json()["code"]) == (401, "bad_identity"), name


def test_new_keys_of_the_provider_are_asked_for_now_and_then(
    visit: Visit, provider: OpenIdProvider, clock: FixedClock
) -> None:
    visit.log_in()
    assert visit.end().status_code == 303
    provider.key = key("second")
    asked = provider.asked.count("/jwks")
    visit.log_in()
    assert visit.end().status_code == 401
    # Not with every token: tokens that nobody has signed would make us ask all the time.
    assert provider.asked.count("/jwks") == asked
    clock.advance(minutes=2)
    visit.log_in()
    assert visit.end().status_code == 303


def test_who_is_unknown_or_not_vouched_for_stays_outside(visit: Visit, provider: OpenIdProvider, office: Crm) -> None:
    people: tuple[dict[str, Any], ...] = (
        {"email": "nobody@example.com"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": ""},
        {"email": None},
        {"email": ["ada@example.com"]},
    )
    for person in people:
        provider.twist = lambda claims, person=person: claims | person  # type: ignore[misc]
        visit.log_in()
        refused = visit.end()
        assert (refused.status_code, refused.json()["code"]) == (403, "unknown_user"), person
    # An address of two users is nobody's.
    AsUser(office)(login="ada2", email="ada@example.com")
    provider.twist = lambda claims: claims
    visit.log_in()
    assert visit.end().json()["code"] == "unknown_user"
    with office.session() as session:
        assert len(session.list(User)) == 2


def test_a_frozen_user_is_not_let_in(visit: Visit, office: Crm) -> None:
    visit.log_in()
    assert visit.end().status_code == 303
    with office.session() as session:
        user = session.find(User, login="ada")
        assert user is not None
        session.update(change(user, state="frozen"))
    visit.log_in()
    assert visit.end().json()["code"] == "unknown_user"


def test_unknown_users_are_made_where_that_is_wanted(
    make_crm: MakeCrm, tmp_path: Path, empty_desk: Path, provider: OpenIdProvider
) -> None:
    crm = opened(make_crm, Path(shutil.copy(empty_desk, tmp_path / "open.db")), provider, create=True)
    AsUser(crm)(login="Taken@example.com")
    with TestClient(web_app(crm), raise_server_exceptions=False) as client:
        visit = Visit(client)
        provider.person |= {"email": "new@example.com", "name": "New Person"}
        visit.log_in()
        assert visit.end().status_code == 303
        # Somebody's login is not taken over by who has the address of that name.
        provider.person |= {"sub": "subject-2", "email": "taken@example.com"}
        visit.log_in()
        assert visit.end().json()["code"] == "unknown_user"
    with crm.session() as session:
        made = session.find(User, login="new@example.com")
        assert made is not None
        assert (made.name, made.email) == ("New Person", "new@example.com")
        assert session.list(RoleAssignment, user_id=made.id) == []


def test_the_way_back_stays_on_this_server(visit: Visit) -> None:
    elsewheres = (
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\tx",
        "/x\n",
        "/客户",
    )
    for elsewhere in elsewheres:
        assert visit.begin(elsewhere).status_code == 400, elsewhere


def test_what_is_configured_wrongly_or_away_is_told(visit: Visit, provider: OpenIdProvider) -> None:
    missing = visit.client.get("/api/v1/auth/oidc/our", follow_redirects=False)
    assert (missing.status_code, "did you mean ours?" in missing.text) == (404, True)
    provider.down = True
    assert visit.begin().status_code == 503
    provider.down = False
    assert visit.begin().status_code == 303


def test_a_provider_is_who_it_is_configured_as() -> None:
    from crmkit.plugin import ConfigError, Secret
    from crmkit_web.login.providers import Providers
    from crmkit_web.settings import OidcProvider

    insecure = OidcProvider(issuer="http://login.example.com", client_id=CLIENT, client_secret=Secret(SECRET))
    assert SECRET not in repr(insecure)
    from datetime import UTC, datetime

    with pytest.raises(ConfigError, match="no https address"):
        Providers({"plain": insecure}, FixedClock(datetime(2026, 1, 1, tzinfo=UTC))).found("plain")
