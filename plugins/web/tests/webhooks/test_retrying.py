"""What fails is tried again, with growing pauses and an end; nobody waits for a receiver that is dead."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from crmkit import Crm
from crmkit.core.values.clock import FixedClock
from crmkit_web.webhooks import delivering
from crmkit_web.webhooks.schedule import retry_after
from plugins.web.tests.conftest import Api
from plugins.web.tests.webhooks.conftest import HookTo, Receiver

Work = Callable[[], None]


def test_what_fails_is_tried_again_with_growing_pauses_under_the_same_id(
    manager: Api, receiver: Receiver, hook_to: HookTo, work: Work, clock: FixedClock
) -> None:
    hook = hook_to(receiver, "customer.created")
    receiver.answer(500, (302, {"location": "/elsewhere"}, b""), 404, 200)
    manager.post("/customers", {"name": "Kestrel", "kind": "organization"})
    pauses = []
    for _ in range(4):
        work()
        following = hook.log[-1]["next_attempt_at"]
        if following is not None:
            pauses.append(_seconds(following, hook.log[-1]["attempted_at"]))
            # Nothing happens before its time.
            work()
            clock.advance(seconds=pauses[-1])
    assert [one["status"] for one in hook.log] == [500, 302, 404, 200]
    assert [one["outcome"] for one in hook.log] == ["failed", "failed", "failed", "delivered"]
    assert [one["attempt"] for one in hook.log] == [1, 2, 3, 4]
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    assert len({one.headers["webhook-timestamp"] for one in receiver.received}) == 4
    assert {one.path for one in receiver.received} == {"/hook"}
    assert all(low <= found <= low * 1.1 for low, found in zip((5, 300, 1_800), pauses, strict=True))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("900", 900),
        ("Sun, 15 Mar 2026 13:00:00 GMT", 3_600),
        ("Sun, 15 Mar 2026 11:00:00 GMT", 0),
        ("999999999", 86_400),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_a_receiver_says_when_to_come_back(clock: FixedClock, header: str, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert [retry_after(status, header, clock.now()) for status in (429, 503, 500)] == [expected, expected, None]


def test_a_receiver_that_asks_for_rest_is_not_told_anything_else_meanwhile(
    manager: Api, receiver: Receiver, hook_to: HookTo, work: Work, clock: FixedClock
) -> None:
    hook = hook_to(receiver, "customer.created")
    receiver.answer((429, {"retry-after": "600"}, b""), 200)
    for name in ("Kestrel", "Merlin"):
        manager.post("/customers", {"name": name, "kind": "organization"})
    work()
    assert len(receiver.received) == 1
    (attempt,) = hook.log
    assert 600 <= _seconds(attempt["next_attempt_at"], attempt["attempted_at"]) <= 660
    clock.advance(seconds=610)
    work()
    assert len(receiver.received) == 3


def test_gone_disables_at_once(
    manager: Api, receiver: Receiver, hook_to: HookTo, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    hook = hook_to(receiver, "customer.created")
    receiver.answer(410)
    for name in ("Kestrel", "Merlin"):
        manager.post("/customers", {"name": name, "kind": "organization"})
    work()
    assert hook.state == ("disabled", "gone")
    assert [(one["status"], one["outcome"]) for one in hook.log] == [(410, "given_up")]
    assert f"webhook {hook.id} is disabled: gone" in caplog.text
    receiver.answer(200)
    assert manager.post(f"{hook.path}/enable").json()["state"] == "active"
    manager.post("/customers", {"name": "Hobby", "kind": "organization"})
    work()
    assert receiver.received[-1].document["data"]["record"]["name"] == "Hobby"
    assert len(receiver.received) == 2


def test_one_that_fails_for_days_is_disabled_and_can_be_told_all_of_it_later(
    manager: Api, receiver: Receiver, hook_to: HookTo, work: Work, clock: FixedClock
) -> None:
    hook = hook_to(receiver, "customer.created")
    receiver.answer(500)
    begun = clock.now()
    manager.post("/customers", {"name": "Kestrel", "kind": "organization"})
    work()
    while hook.log[-1]["next_attempt_at"] is not None:
        clock.advance(seconds=1 + _seconds(hook.log[-1]["next_attempt_at"], hook.log[-1]["attempted_at"]))
        work()
    assert timedelta(days=3) < clock.now() - begun < timedelta(days=4)
    assert hook.state == ("disabled", "failed")
    assert [one["outcome"] for one in hook.log] == ["failed"] * 9 + ["given_up"]
    manager.post(f"{hook.path}/enable")
    receiver.answer(200)
    assert manager.post(f"{hook.path}/replay", {"since": begun.isoformat()}).status_code == 202
    work()
    assert hook.log[-1]["outcome"] == "delivered"


def test_one_message_that_is_never_taken_disables_nothing(
    manager: Api, receiver: Receiver, hook_to: HookTo, work: Work, clock: FixedClock
) -> None:
    hook = hook_to(receiver, "customer.created")
    receiver.answer(*[500] * 2, 200, 500)
    manager.post("/customers", {"name": "Kestrel", "kind": "organization"})
    work()
    clock.advance(seconds=10)
    work()
    manager.post("/customers", {"name": "Merlin", "kind": "organization"})
    work()
    poisoned = [one for one in hook.log if one["outcome"] == "failed"][-1]
    while poisoned["next_attempt_at"] is not None:
        clock.advance(seconds=1 + _seconds(poisoned["next_attempt_at"], poisoned["attempted_at"]))
        work()
        poisoned = hook.log[-1]
    assert poisoned["outcome"] == "given_up"
    assert hook.state == ("active", "")


def test_a_dead_receiver_holds_nobody_up(
    manager: Api, receiver: Receiver, other_receiver: Receiver, hook_to: HookTo, work: Work, clock: FixedClock
) -> None:
    dead, alive = hook_to(other_receiver, "customer.created"), hook_to(receiver, "customer.created")
    other_receiver.close()
    for number in range(8):
        manager.post("/customers", {"name": f"Customer {number}", "kind": "organization"})
    work()
    assert len(receiver.received) == 8
    assert len(alive.log) == 8
    # After some failures in a row it is left alone; no worker waits for it time and again.
    assert len(dead.log) == 3
    assert {one["status"] for one in dead.log} == {None}
    assert "ConnectError" in dead.log[0]["error"]


def test_one_message_at_a_time_tries_a_receiver_that_has_failed(
    crm: Crm, manager: Api, receiver: Receiver, hook_to: HookTo, work: Work, clock: FixedClock
) -> None:
    hook = hook_to(receiver, "customer.created")
    receiver.answer(500)
    for number in range(6):
        manager.post("/customers", {"name": f"Customer {number}", "kind": "organization"})
    work()
    assert len(receiver.received) == 3
    clock.advance(minutes=1)
    came, go_on = threading.Event(), threading.Event()

    def keep_waiting(handler: BaseHTTPRequestHandler) -> None:
        came.set()
        go_on.wait(10)

    receiver.behave = keep_waiting
    other = threading.Thread(target=crm.jobs.run_due)
    other.start()
    assert came.wait(10)
    crm.jobs.run_due()
    assert len(receiver.received) == 4
    go_on.set()
    other.join()
    assert len(hook.log) == 4
    receiver.behave = None
    receiver.answer(200)
    clock.advance(hours=1)
    work()
    assert sorted(one["outcome"] for one in hook.log) == ["delivered"] * 6 + ["failed"] * 4


def test_an_attempt_that_could_not_be_noted_is_not_made_again(
    crm: Crm,
    manager: Api,
    receiver: Receiver,
    hook_to: HookTo,
    work: Work,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hook = hook_to(receiver, "customer.created")
    manager.post("/customers", {"name": "Kestrel", "kind": "organization"})
    with monkeypatch.context() as broken:
        broken.setattr(delivering, "_note", lambda *_: 1 / 0)
        crm.drain()
        assert [one.state for one in crm.jobs.run_due() if one.name == "web.deliver"] == ["waiting"]
    clock.advance(minutes=1)
    work()
    assert len(receiver.received) == 1
    assert [one["outcome"] for one in hook.log] == ["delivered"]


def _seconds(until: str, since: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
