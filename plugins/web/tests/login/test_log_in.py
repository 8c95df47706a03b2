"""Logging in with a browser: passwords, sessions, the second factor, forged requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from litestar.testing import TestClient

from crmkit import Crm
from crmkit.core.entity import change
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import AsUser
from crmkit_web.login.entities import LogIn, LoginSession
from plugins.web.tests.login.conftest import PASSWORD, Browser, desk_api, with_password

Person = Callable[..., User]
KESTREL = {"name": "Kestrel", "kind": "organization"}


def code_of(secret: str, clock: FixedClock) -> str:
    return pyotp.TOTP(secret).at(clock.now())


def frozen(crm: Crm, login: str) -> None:
    with crm.session() as session:
        user = session.find(User, login=login)
        assert user is not None
        session.update(change(user, state="frozen"))


def test_a_browser_logs_in_works_and_logs_out(browser: Browser, person: Person) -> None:
    person()
    logged_in = browser.log_in("ada")
    assert logged_in.status_code == 200
    cookie = logged_in.headers["set-cookie"]
    assert cookie.startswith("__Host-crmkit_session=")
    assert {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    told = browser.send("GET", "/auth/session").json()
    assert (told["user"]["login"], told["method"], told["csrf_token"]) == ("ada", "password", browser.csrf)
    assert browser.send("POST", "/customers", json=KESTREL).status_code == 201
    ended = browser.send("POST", "/auth/logout")
    assert (ended.status_code, "Max-Age=0" in ended.headers["set-cookie"]) == (204, True)
    assert browser.send("GET", "/customers").json()["code"] == "session_over"


def test_it_works_on_every_database(crm: Crm, served: TestClient[Any], as_user: AsUser) -> None:
    as_user("* * all", login="ada")
    with_password(crm, "ada")
    browser = Browser(served)
    assert browser.log_in("ada", "no password of hers").status_code == 401
    logged_in = browser.log_in("ada")
    assert logged_in.headers["set-cookie"].startswith("crmkit_session=")
    assert browser.send("POST", "/customers", json=KESTREL).status_code == 201
    frozen(crm, "ada")
    assert browser.send("GET", "/customers").status_code == 401


def test_what_is_wrong_is_answered_alike(browser: Browser, person: Person, staff: AsUser, desk: Crm) -> None:
    person()
    person("leo")
    frozen(desk, "leo")
    staff("* * all", login="without")
    answers = [
        browser.log_in("ada", "no password of hers"),
        browser.log_in("nobody", PASSWORD),
        browser.log_in("without", PASSWORD),
        browser.log_in("leo"),
        browser.log_in("ADA' OR '1'='1", PASSWORD),
        browser.log_in("ada", PASSWORD + "x" * 5_000),
    ]
    assert {answer.status_code for answer in answers} == {401}
    told = [{**answer.json(), "instance": ""} for answer in answers]
    assert all(one == told[0] for one in told)
    assert told[0]["code"] == "bad_login"
    with desk.session() as session:
        outcomes = [one.outcome for one in sorted(session.list(LogIn), key=lambda one: one.id)]
    assert sorted(outcomes) == sorted(["wrong", "unknown", "wrong", "not_active", "unknown", "wrong"])


def test_what_is_no_log_in_is_told(browser: Browser) -> None:
    more = {"login": "a", "password": "b", "c": 1}
    for body in ([], {"login": "ada"}, {"login": 1, "password": 2}, more):
        assert browser.send("POST", "/auth/login", json=body).status_code == 422, body


def test_unknown_users_take_the_same_work(browser: Browser, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from crmkit_web.login import hashing

    person()
    compared: list[str] = []
    quick = hashing.hasher()

    class Counting:
        def verify_and_update(self, password: str, stored: str) -> tuple[bool, str | None]:
            compared.append(stored)
            return quick.verify_and_update(password, stored)

    monkeypatch.setattr(hashing, "hasher", lambda: Counting())
    browser.log_in("ada", "no password of hers")
    browser.log_in("nobody", "no password of hers")
    assert [stored == hashing.nobodys() for stored in compared] == [False, True]


def test_a_session_ends_by_idleness_and_by_age(browser: Browser, person: Person, clock: FixedClock) -> None:
    person()
    browser.log_in("ada")
    for _ in range(11):
        clock.advance(minutes=59)
        assert browser.send("GET", "/customers").status_code == 200
    clock.advance(minutes=59)
    assert browser.send("GET", "/customers").status_code == 200
    # Twelve hours after the log-in it is over, however busy it was.
    clock.advance(minutes=13)
    assert browser.send("GET", "/customers").status_code == 401
    browser.log_in("ada")
    clock.advance(minutes=60)
    assert browser.send("GET", "/customers").status_code == 401


def test_each_log_in_has_a_session_of_its_own(browser: Browser, person: Person, front: TestClient[Any]) -> None:
    person()
    # What somebody has put into the browser before does not become the session.
    browser.cookie = "__Host-crmkit_session=chosen-by-somebody-else"
    browser.log_in("ada")
    first = browser.cookie
    assert "chosen" not in first
    browser.log_in("ada")
    assert browser.cookie != first
    before = Browser(front)
    before.cookie = first
    assert before.send("GET", "/customers").status_code == 401


def test_a_session_is_no_token_and_a_token_no_session(browser: Browser, person: Person) -> None:
    person()
    browser.log_in("ada")
    secret = browser.cookie.partition("=")[2]
    headers = {"authorization": f"Bearer {secret}", "cookie": ""}
    assert browser.send("GET", "/customers", headers=headers).status_code == 401
    # A token that is wrong is not made good by a cookie that is right.
    assert browser.send("GET", "/customers", headers={"authorization": "Bearer crm_wrong"}).status_code == 401


FORGED: tuple[tuple[dict[str, str], str], ...] = (
    ({"x-csrf-token": ""}, "csrf"),
    ({"x-csrf-token": "0" * 64}, "csrf"),
    ({"origin": "https://evil.example"}, "foreign_origin"),
    ({"origin": "https://crm.example.com.evil.example"}, "foreign_origin"),
    ({"origin": "http://crm.example.com"}, "foreign_origin"),
    ({"origin": "https://crm.example.com:8443"}, "foreign_origin"),
    ({"origin": "null"}, "foreign_origin"),
    ({"sec-fetch-site": "cross-site"}, "foreign_origin"),
    ({"sec-fetch-site": "same-site"}, "foreign_origin"),
)


def test_forged_requests_are_refused(browser: Browser, person: Person) -> None:
    person()
    browser.log_in("ada")
    for headers, code in FORGED:
        refused = browser.send("POST", "/customers", json=KESTREL, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, code), headers
    assert browser.send("GET", "/customers", headers={"x-csrf-token": ""}).json()["items"] == []
    own = {"origin": "https://crm.example.com", "sec-fetch-site": "same-origin"}
    assert browser.send("POST", "/customers", json=KESTREL, headers=own).status_code == 201


def test_the_token_of_another_session_is_none(browser: Browser, person: Person, front: TestClient[Any]) -> None:
    person()
    person("leo")
    other = Browser(front)
    browser.log_in("ada")
    other.log_in("leo")
    refused = browser.send("POST", "/customers", json=KESTREL, headers={"x-csrf-token": other.csrf})
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")


def test_logging_in_is_not_done_for_others(browser: Browser, person: Person) -> None:
    person()
    assert browser.log_in("ada", origin="https://evil.example").json()["code"] == "foreign_origin"
    # A form of another page cannot send JSON.
    form = browser.send("POST", "/auth/login", data={"login": "ada", "password": PASSWORD})
    assert form.status_code == 415


def test_tokens_need_none_of_that(front: TestClient[Any], desk: Crm, person: Person) -> None:
    person()
    assert desk_api(front, desk, "ada").post("/customers", KESTREL, headers={"origin": "https://x.example"}).is_success


def test_a_frozen_user_is_out_in_mid_session(browser: Browser, person: Person, desk: Crm) -> None:
    person()
    browser.log_in("ada")
    assert browser.send("POST", "/customers", json=KESTREL).status_code == 201
    frozen(desk, "ada")
    assert browser.send("GET", "/customers").json()["code"] == "not_active"
    assert browser.send("POST", "/customers", json=KESTREL).status_code == 401


def test_own_sessions_are_listed_and_ended(browser: Browser, person: Person, front: TestClient[Any]) -> None:
    person()
    person("leo")
    phone, leo = Browser(front), Browser(front)
    browser.log_in("ada", **{"user-agent": "Desk 1.0"})
    phone.log_in("ada", **{"user-agent": "Phone 2.0"})
    leo.log_in("leo")
    listed = browser.send("GET", "/auth/sessions").json()["items"]
    assert [(one["agent"], one["current"]) for one in listed] == [("Desk 1.0", True), ("Phone 2.0", False)]
    [lost] = [one["id"] for one in listed if not one["current"]]
    assert leo.send("DELETE", f"/auth/sessions/{lost}").status_code == 404
    assert phone.send("GET", "/customers").status_code == 200
    assert browser.send("DELETE", f"/auth/sessions/{lost}").status_code == 204
    assert phone.send("GET", "/customers").status_code == 401
    assert browser.send("GET", "/customers").status_code == 200


def test_a_new_password_ends_other_sessions(browser: Browser, person: Person, front: TestClient[Any]) -> None:
    person()
    phone, new = Browser(front), "a heron stands in the reeds"
    browser.log_in("ada")
    phone.log_in("ada")
    wrong = browser.send("POST", "/auth/password", json={"current": "no password of hers", "password": new})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "bad_login")
    assert browser.send("POST", "/auth/password", json={"current": PASSWORD, "password": new}).status_code == 204
    assert browser.send("GET", "/customers").status_code == 200
    assert phone.send("GET", "/customers").status_code == 401
    assert phone.log_in("ada").status_code == 401
    assert phone.log_in("ada", new).status_code == 200


GUESSED = (
    ("short", "too_short"),
    ("x" * 257, "too_long"),
    ("password1234", "too_common"),
    ("qwertyuiop123", "too_common"),
    ("aaaaaaaaaaaaaa", "too_common"),
    ("ada ada ada ada", "too_common"),
)


def test_passwords_that_are_guessed_are_refused(browser: Browser, person: Person) -> None:
    person()
    browser.log_in("ada")
    for password, code in GUESSED:
        refused = browser.send("POST", "/auth/password", json={"current": PASSWORD, "password": password})
        [error] = refused.json()["errors"]
        assert (refused.status_code, error["pointer"], error["code"], error["value"]) == (422, "/password", code, None)


def test_any_characters_will_do_however_they_are_composed(browser: Browser, person: Person, desk: Crm) -> None:
    person()
    with_password(desk, "ada", "Füchse über Wiesen 狐狸 🦊")
    assert browser.log_in("ada", "Fu\u0308chse u\u0308ber Wiesen 狐狸 🦊").status_code == 200


def test_a_second_factor_is_enrolled_confirmed_and_asked_for(
    browser: Browser, person: Person, clock: FixedClock, front: TestClient[Any]
) -> None:
    person()
    browser.log_in("ada")
    assert browser.send("POST", "/auth/totp/confirm", json={"code": "000000"}).json()["code"] == "no_enrolment"
    assert browser.send("POST", "/auth/totp", json={"password": "no password of hers"}).status_code == 401
    enrolled = browser.send("POST", "/auth/totp", json={"password": PASSWORD}).json()
    assert enrolled["uri"].startswith("otpauth://totp/crmkit:ada?secret=")
    # Until it is confirmed, it does not count.
    assert Browser(front).log_in("ada").status_code == 200
    assert browser.send("POST", "/auth/totp/confirm", json={"code": "000000"}).json()["code"] == "wrong_code"
    confirmed = browser.send("POST", "/auth/totp/confirm", json={"code": code_of(enrolled["secret"], clock)})
    codes = confirmed.json()["codes"]
    assert (confirmed.status_code, len(set(codes))) == (200, 10)
    assert browser.send("POST", "/auth/totp", json={"password": PASSWORD}).json()["code"] == "has_second_factor"

    other = Browser(front)
    assert other.log_in("ada").json()["code"] == "code_needed"
    # The code that confirmed it has been used.
    assert other.log_in("ada", code=code_of(enrolled["secret"], clock)).json()["code"] == "bad_login"
    clock.advance(seconds=30)
    fresh = code_of(enrolled["secret"], clock)
    assert other.log_in("ada", "no password of hers", fresh).json()["code"] == "bad_login"
    assert other.log_in("ada", code=fresh).status_code == 200
    assert other.log_in("ada", code=fresh).status_code == 401
    clock.advance(hours=1)
    assert other.log_in("ada", code=codes[0].upper()).status_code == 200
    assert other.log_in("ada", code=codes[0]).status_code == 401
    assert other.log_in("ada", code=codes[1].replace("-", "")).status_code == 200

    given = {"password": PASSWORD, "code": codes[2]}
    assert other.send("POST", "/auth/totp/remove", json={**given, "code": "000000"}).status_code == 401
    assert other.send("POST", "/auth/totp/remove", json=given).status_code == 204
    assert Browser(front).log_in("ada").status_code == 200


def test_a_code_of_long_ago_or_to_come_is_none(
    browser: Browser, person: Person, clock: FixedClock, front: TestClient[Any]
) -> None:
    person()
    browser.log_in("ada")
    secret = browser.send("POST", "/auth/totp", json={"password": PASSWORD}).json()["secret"]
    browser.send("POST", "/auth/totp/confirm", json={"code": code_of(secret, clock)})
    clock.advance(hours=1)
    totp = pyotp.TOTP(secret)
    for away in (-90, -60, 60, 90):
        code = totp.at(int(clock.now().timestamp()) + away)
        assert Browser(front).log_in("ada", code=code).status_code == 401, away
    assert Browser(front).log_in("ada", code=totp.at(int(clock.now().timestamp()) + 30)).status_code == 200


def test_secrets_are_nowhere_to_be_read(
    browser: Browser, person: Person, desk: Crm, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    person()
    browser.log_in("ada")
    secret = browser.send("POST", "/auth/totp", json={"password": PASSWORD}).json()["secret"]
    codes = browser.send("POST", "/auth/totp/confirm", json={"code": code_of(secret, clock)}).json()["codes"]
    token = browser.send("POST", "/auth/tokens", json={"name": "till"}, headers={"idempotency-key": "k1"}).json()
    assert browser.log_in("ada", "a password typed for another").status_code == 401
    hidden = [PASSWORD, token["token"], browser.cookie.partition("=")[2], *codes, "a password typed for another"]
    hidden += [browser.csrf]
    with desk.session() as session:
        connection = session.connection
        tables: dict[str, str] = {}
        for name in desk.database.table_names:
            tables[name] = repr(connection.exec_driver_sql(f'SELECT * FROM "{name}"').fetchall())
    for text in hidden:
        assert [name for name, rows in tables.items() if text in rows or text.replace("-", "") in rows] == []
        assert text not in caplog.text
    # The secret of the second factor has to be used again; it and what digests there are stand in one place each.
    assert [name for name, rows in tables.items() if secret in rows] == ["web_passwords"]
    from crmkit_web.login.digests import digest_of

    assert [name for name, rows in tables.items() if digest_of(token["token"]) in rows] == ["web_tokens"]
    assert [name for name, rows in tables.items() if "$argon2id$" in rows] == ["web_passwords"]
    for plural in ("web_tokens", "web_passwords", "web_sessions", "web_logins", "web_throttles", "web_recovery_codes"):
        assert browser.send("GET", f"/{plural}").status_code == 404


def test_with_a_key_the_second_factor_is_encrypted() -> None:
    from crmkit.plugin import ConfigError, Secret
    from crmkit_web.login.sealing import sealed, unsealed
    from crmkit_web.settings import WebSettings

    ours, others = WebSettings(secret_key=Secret("k" * 40)), WebSettings(secret_key=Secret("o" * 40))
    stored = sealed(ours, "JBSWY3DPEHPK3PXP")
    assert "JBSWY3DPEHPK3PXP" not in stored
    assert unsealed(ours, stored) == "JBSWY3DPEHPK3PXP"
    for settings in (others, WebSettings()):
        with pytest.raises(ConfigError, match="another key"):
            unsealed(settings, stored)


def test_log_ins_are_noted(browser: Browser, person: Person, desk: Crm) -> None:
    user = person()
    browser.log_in("ada", "no password of hers")
    browser.log_in("ada")
    with desk.session() as session:
        noted = [(one.user_id, one.outcome, one.address) for one in sorted(session.list(LogIn), key=lambda one: one.id)]
        assert noted == [(user.id, "wrong", "testclient"), (user.id, "done", "testclient")]
        assert len(session.list(LoginSession)) == 1


def test_the_language_is_that_of_the_user_unless_another_is_asked_for(
    browser: Browser, desk: Crm, staff: AsUser
) -> None:
    staff("* * all", login="mei", language="zh")
    with_password(desk, "mei")
    browser.log_in("mei")
    assert browser.send("GET", "/customers/none").json()["title"] != "Not found"
    told = browser.send("GET", "/no_such", headers={"accept-language": "en"}).json()
    assert told["title"] == "Not found"
