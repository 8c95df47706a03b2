"""Guessing passwords: each failure makes the next attempt wait, and strangers do not lock users out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from litestar.testing import TestClient

import crmkit_web
from crmkit import Crm
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.login.logging_in import log_in
from crmkit_web.login.throttling import FREE, LONGEST
from crmkit_web.serving.app import web_app
from crmkit_web.serving.calls import Incoming
from crmkit_web.serving.problems import Problem
from plugins.web.tests.login.conftest import PASSWORD, Browser, with_password

Person = Callable[..., User]
WRONG = "no password of hers"


def outcome(crm: Crm, login: str, password: str, address: str = "10.0.0.1", code: str = "") -> tuple[int, int]:
    """Return the status of an attempt from an address, and how long to wait for the next one."""
    incoming = Incoming(None, {}, "", {}, b"", address, "/")  # type: ignore[arg-type]
    try:
        log_in(crm, incoming, login, password, code)
    except Problem as problem:
        return problem.status, int(problem.headers.get("retry-after", 0))
    return 200, 0


def test_delays_grow_and_end(crm: Crm, as_user: AsUser, clock: FixedClock) -> None:
    as_user("* * all", login="ada")
    with_password(crm, "ada")
    for _ in range(FREE["login"] + 1):
        assert outcome(crm, "ada", WRONG) == (401, 0)
    waits = []
    for _ in range(8):
        status, seconds = outcome(crm, "ada", PASSWORD)
        assert status == 429
        # Asking again meanwhile makes it no longer.
        assert outcome(crm, "ADA ", PASSWORD) == (429, seconds)
        waits.append(seconds)
        clock.advance(seconds=seconds)
        assert outcome(crm, "ada", WRONG) == (401, 0)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    clock.advance(seconds=LONGEST["login"])
    assert outcome(crm, "ada", PASSWORD) == (200, 0)
    # From then on it is as if nothing had happened.
    for _ in range(FREE["login"] + 1):
        assert outcome(crm, "ada", WRONG) == (401, 0)


def test_the_answer_says_how_long(browser: Browser, person: Person) -> None:
    person()
    for _ in range(FREE["login"] + 1):
        assert browser.log_in("ada", WRONG).status_code == 401
    refused = browser.log_in("ada")
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
        429,
        "too_many_attempts",
        "1",
    )


def test_unknown_logins_are_delayed_alike(desk: Crm, person: Person) -> None:
    person()
    counts = []
    for login in ("ada", "nobody"):
        attempts = [outcome(desk, login, WRONG, f"10.1.{len(counts)}.1") for _ in range(FREE["login"] + 3)]
        counts.append(attempts)
    assert counts[0] == counts[1]


def test_an_address_that_tries_many_logins_is_delayed(desk: Crm, person: Person, clock: FixedClock) -> None:
    person()
    for number in range(FREE["address"] + 1):
        assert outcome(desk, f"user{number}", WRONG)[0] == 401
    assert outcome(desk, "ada", PASSWORD)[0] == 429
    assert outcome(desk, "ada", PASSWORD, "10.0.0.2") == (200, 0)
    clock.advance(days=1)
    assert outcome(desk, "ada", PASSWORD)[0] == 200


def test_a_log_in_of_ones_own_does_not_pay_for_guessing(desk: Crm, person: Person, clock: FixedClock) -> None:
    person()
    person("eve")
    for number in range(FREE["address"] + 1):
        assert outcome(desk, f"user{number}", WRONG)[0] == 401
    clock.advance(seconds=1)
    assert outcome(desk, "eve", PASSWORD)[0] == 200
    assert outcome(desk, "someone", WRONG)[0] == 401
    assert outcome(desk, "someone", WRONG)[0] == 429


def test_strangers_do_not_lock_a_user_out(desk: Crm, person: Person, clock: FixedClock) -> None:
    person()
    assert outcome(desk, "ada", PASSWORD, "10.0.0.1") == (200, 0)
    for _ in range(10):
        while (answered := outcome(desk, "ada", WRONG, "203.0.113.9"))[0] == 429:
            clock.advance(seconds=answered[1])
    # Her own address is known; from elsewhere she waits as the stranger does, and no longer.
    assert outcome(desk, "ada", PASSWORD, "10.0.0.1") == (200, 0)
    for _ in range(8):
        while (answered := outcome(desk, "ada", WRONG, "203.0.113.9"))[0] == 429:
            clock.advance(seconds=answered[1])
    status, seconds = outcome(desk, "ada", PASSWORD, "10.0.0.7")
    assert (status, 0 < seconds <= LONGEST["login"]) == (429, True)
    clock.advance(seconds=seconds)
    assert outcome(desk, "ada", PASSWORD, "10.0.0.7") == (200, 0)


def test_a_known_address_guesses_no_faster(desk: Crm, person: Person) -> None:
    person()
    assert outcome(desk, "ada", PASSWORD) == (200, 0)
    for _ in range(FREE["pair"] + 1):
        assert outcome(desk, "ada", WRONG) == (401, 0)
    assert outcome(desk, "ada", PASSWORD)[0] == 429


def test_codes_are_guessed_no_faster_than_passwords(desk: Crm, person: Person, clock: FixedClock) -> None:
    from crmkit_web.login.passwords import password_of
    from crmkit_web.login.second_factor import confirm, enrol

    user = person()
    with desk.session() as session:
        ctx = desk.context(session, "web")
        stored = password_of(ctx, user.id)
        assert stored is not None
        secret, _ = enrol(ctx, user, stored)
    import pyotp

    with desk.session() as session:
        ctx = desk.context(session, "web")
        stored = password_of(ctx, user.id)
        assert stored is not None
        confirm(ctx, stored, pyotp.TOTP(secret).at(clock.now()))
    statuses = [outcome(desk, "ada", PASSWORD, code=f"{number:06}")[0] for number in range(FREE["login"] + 3)]
    assert statuses == [401] * (FREE["login"] + 1) + [429, 429]


def test_many_at_once_are_no_way_around(crm: Crm, as_user: AsUser) -> None:
    as_user("* * all", login="ada")
    with_password(crm, "ada")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: outcome(crm, "ada", WRONG)[0], range(24)))
    assert sorted(found) == [401] * (FREE["login"] + 1) + [429] * (23 - FREE["login"])


def test_another_process_counts_the_same_failures(
    desk: Crm, person: Person, front: TestClient[Any], make_crm: MakeCrm
) -> None:
    person()
    url = desk.database.engine.url.render_as_string(hide_password=False)
    other = make_crm(plugins=[crmkit_web], url=url, check=False)
    with TestClient(web_app(other), raise_server_exceptions=False) as client:
        for number in range(FREE["login"] + 1):
            assert Browser(client if number % 2 else front).log_in("ada", WRONG).status_code == 401
        assert Browser(client).log_in("ada").status_code == 429
        assert Browser(front).log_in("ada").status_code == 429


def test_a_password_is_not_guessed_from_within_a_session(browser: Browser, person: Person) -> None:
    person()
    browser.log_in("ada")
    given = {"current": WRONG, "password": "a heron stands in the reeds"}
    statuses = [browser.send("POST", "/auth/password", json=given).status_code for _ in range(FREE["pair"] + 2)]
    assert statuses == [401] * (FREE["pair"] + 1) + [429]


def test_hostile_logins_are_no_more_than_wrong(crm: Crm, served: TestClient[Any]) -> None:
    for login in ("", " ", "x" * 100_000, "a\x00b", "𝒶𝒹𝒶", "' OR 1=1 --", "{{7*7}}", "\u202eada"):
        assert outcome(crm, login, WRONG) == (401, 0)
        assert Browser(served).log_in(login, "\x00" + WRONG).status_code in (401, 422)
    cut_off = b'{"login": "\\ud800", "password": "x"}'
    headers = {"content-type": "application/json"}
    assert served.post("/api/v1/auth/login", content=cut_off, headers=headers).status_code == 400


def test_what_is_over_is_let_go(desk: Crm, person: Person, clock: FixedClock) -> None:
    from crmkit_web.login.entities import LogIn, LoginSession, Throttle
    from crmkit_web.login.pruning import prune

    person()
    assert outcome(desk, "ada", PASSWORD) == (200, 0)
    counts = []
    for days in (1, 20, 100, 100):
        clock.advance(days=days)
        with desk.session() as session:
            prune(desk.context(session, "web"))
        with desk.session() as session:
            counts.append([len(session.list(kind)) for kind in (LoginSession, Throttle, LogIn)])
    assert counts == [[1, 3, 1], [0, 3, 1], [0, 0, 1], [0, 0, 0]]
