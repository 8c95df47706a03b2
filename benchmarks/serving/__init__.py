"""H1 to H7: the HTTP API, one worker, beside a bare ASGI application that does the same SQL by hand.

Answers in a second over connections that stay open, in turns, each the best of its turns, so that a busy moment of the
machine hits both. Ours logs in by token and checks rights, validates, audits and tells of events.
H7 is the time from the command ``crmkit serve`` to its first answer.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from benchmarks.customers import FILLED, customer
from benchmarks.databases import databases
from benchmarks.figures import Figure
from benchmarks.serving.load import Make, body_of, rate, request
from benchmarks.serving.starting import seconds_to_an_answer

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = 8
FILLING = 1_000
BATCH = 1_000


def measure(small: bool) -> list[Figure]:
    """Return the figures on SQLite and PostgreSQL."""
    import crmkit_web

    found: list[Figure] = []
    for name, opener in databases(plugins=[crmkit_web]):
        with opener() as crm:
            token, ids = _filled(crm)
            address = crm.database.engine.url.render_as_string(hide_password=False)
            with _serving("ours", address) as ours, _serving("bare", address) as bare:
                found += _compared(name, ours, bare, token, ids, small)
    return [*found, *_started(1 if small else 3)]


def _started(rounds: int) -> list[Figure]:
    """Return what it takes to start, with all plugins, as the command does."""
    import crmkit_relay
    import crmkit_sfa
    import crmkit_web

    found = []
    for name, opener in databases(plugins=[crmkit_relay, crmkit_sfa, crmkit_web]):
        with opener() as crm:
            token, ids = _filled(crm)
            address = crm.database.engine.url.render_as_string(hide_password=False)
            asked = request("GET", f"/api/v1/customers/{ids[0]}", token)
            took = min(seconds_to_an_answer(address, asked) for _ in range(rounds))
        name = f"H7 crmkit serve to its first answer, {name}"
        found.append(Figure(name=name, ours=took, beside="two seconds", limit=2.0, unit="s", at_most=1))
    return found


def _compared(name: str, ours: int, bare: int, token: str, ids: list[str], small: bool) -> list[Figure]:
    rounds, gets, creates, lists = (1, 40, 40, 10) if small else (9, 1_500, 800, 300)

    def get(number: int) -> bytes:
        return request("GET", f"/api/v1/customers/{ids[number % len(ids)]}", token)

    def create(number: int) -> bytes:
        return request("POST", "/api/v1/customers", token, _content(number))

    def keyed(number: int) -> bytes:
        line = f'\r\nIdempotency-Key: "{uuid4().hex}"\r\n'.encode()
        return create(number).replace(b"\r\n", line, 1)

    def list_(number: int) -> bytes:
        return request("GET", "/api/v1/customers", token)

    status, document = body_of(ours, get(0))
    assert (status, msgspec.json.decode(document)["id"]) == (200, ids[0]), document
    kinds: tuple[tuple[str, Make, int, int, float, float | None], ...] = (
        ("H1 create, 8 connections", create, creates, 201, 1 / 0.6, 1 / 0.9),
        ("H2 get, 8 connections", get, gets, 200, 1 / 0.35, 1 / 0.45),
        ("H3 list of 50, 8 connections", list_, lists, 200, 2.0, None),
    )
    found = []
    for label, make, requests, status, at_most, goal in kinds:
        turns = {ours: 0.0, bare: 0.0}
        for _ in range(rounds):
            for port in turns:
                turns[port] = max(turns[port], rate(port, make, CONNECTIONS, requests, status))
        found.append(_figure(f"{label}, {name}", turns[ours], "a bare ASGI app", turns[bare], at_most, goal))
    one = max(rate(ours, get, 1, gets // 4, 200) for _ in range(rounds))
    many = max(rate(ours, get, 64, gets, 200) for _ in range(rounds))
    # One worker has one core: beside it, further cores answer nothing.
    found.append(_figure(f"H4 get, 64 clients, {name}", many, "one client", one, 1 / 0.8, None))
    single = max(rate(ours, create, 1, creates, 201) for _ in range(rounds))
    found.append(
        _figure(
            f"H5 a row of a batch of {BATCH:,}, {name}",
            _batched(ours, token, rounds),
            "a post of one client",
            single,
            0.1,
            None,
        )
    )
    best = {keyed: 0.0, create: 0.0}
    for _ in range(rounds):
        for make in best:
            best[make] = max(best[make], rate(ours, make, CONNECTIONS, creates, 201))
    label = f"H6 create with Idempotency-Key, 8 connections, {name}"
    found.append(_figure(label, best[keyed], "without one", best[create], 2.0, None))
    return found


def _figure(name: str, ours: float, beside: str, limit: float, at_most: float, goal: float | None) -> Figure:
    """Return a figure in microseconds for an answer, from answers in a second."""
    return Figure(
        name=name,
        ours=1e6 / ours,
        beside=beside,
        limit=1e6 / limit,
        unit="µs",
        at_most=round(at_most, 3),
        goal=None if goal is None else round(goal, 3),
        notes=f"{ours:,.0f} of {limit:,.0f} a second: {ours / limit:.2f}",
    )


def _content(number: int) -> bytes:
    return msgspec.json.encode({**FILLED, "name": f"Anna Number {number}", "family_name": f"Number {number}"})


def _batched(port: int, token: str, rounds: int) -> float:
    """Return rows in a second of batches of creates."""
    rows = [{"op": "create", "values": msgspec.json.decode(_content(number))} for number in range(BATCH)]
    body = msgspec.json.encode({"atomic": True, "operations": rows})
    sent = request("POST", "/api/v1/customers/batch", token, body)
    best = 0.0
    for _ in range(rounds):
        start = time.perf_counter()
        status, answer = body_of(port, sent)
        best = max(best, BATCH / (time.perf_counter() - start))
        assert status == 200, answer[:1_000]
    return best


def _filled(crm: Any) -> tuple[str, list[str]]:
    """Fill an installation; returns a token of somebody who may do everything, and the ids of customers."""
    from crmkit.core.staff import Role, RoleAssignment, User
    from crmkit_web.login.tokens import make_token

    with crm.session() as session:
        user = User(login="bench", name="Bench")
        role = Role(name="bench", grants=({"entity": "*", "action": "*", "scope": "all"},))
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
        made = [customer(number) for number in range(FILLING)]
        session.add(*made)
        session.flush()
        token = make_token(crm.context(session, "web"), user, "bench")
    return token, [str(one.id) for one in made]


@contextmanager
def _serving(kind: str, address: str) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "benchmarks.serving.server", kind, address, str(port)]
    process = subprocess.Popen(words, cwd=ROOT)
    try:
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError(f"the server {kind} did not start") from None
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()
