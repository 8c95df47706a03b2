"""What happens is told: signed, numbered, in the rights of the webhook's owner, and each attempt once in the log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from crmkit import Crm
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import change
from crmkit.testing.making import AsUser
from plugins.web.tests.conftest import Api
from plugins.web.tests.webhooks.conftest import HookTo, Receiver, worked

Work = Callable[[], None]


def test_changes_are_told_signed_and_numbered(
    any_crm: Crm, as_user_of: Callable[[Crm, str], Api], receiver: Receiver
) -> None:
    api = as_user_of(any_crm, "mona")
    answer = api.post("/webhooks", {"url": receiver.url, "events": ["customer.*"]})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    customer = api.post("/customers", {"name": "Kestrel", "kind": "organization"}).json()
    worked(any_crm)
    api.patch(f"/customers/{customer['id']}", {"industry": "Optics"})
    api.delete(f"/customers/{customer['id']}")
    worked(any_crm)
    log = api.get(f"/webhooks/{made['id']}/deliveries").json()["items"]
    first, second, third = [one.verified(made["secret"]) for one in receiver.received]
    assert [one["type"] for one in (first, second, third)] == [
        "customer.created",
        "customer.updated",
        "customer.deleted",
    ]
    assert [one["data"]["number"] for one in (first, second, third)] == [1, 2, 3]
    assert {one["data"]["id"] for one in (first, second, third)} == {customer["id"]}
    assert first["timestamp"] == "2026-03-15T12:00:00Z"
    assert first["data"]["record"] == customer
    assert {"name", "kind"} <= set(first["data"]["changed"])
    assert second["data"]["changed"] == ["industry"]
    # It was deleted before anybody could be told of the change: what it held is not told any more.
    assert (second["data"]["record"], third["data"]["record"]) == (None, None)
    assert [(one["outcome"], one["status"], one["attempt"]) for one in log] == [("delivered", 204, 1)] * 3
    assert receiver.received[0].headers["content-type"] == "application/json"
    assert {one["message_id"] for one in log} == {one.headers["webhook-id"] for one in receiver.received}


def test_events_that_are_handed_over_twice_are_told_once(
    crm: Crm, manager: Api, receiver: Receiver, hook_to: HookTo, work: Work
) -> None:
    hook_to(receiver, "customer.created")
    manager.post("/customers", {"name": "Kestrel", "kind": "organization"})
    work()
    (place,) = [one for one in crm.events.health().subscribers if one.plugin == "web"]
    crm.events.replay(place.subscriber, position=1, again=True)
    work()
    assert receiver.types == ["customer.created"]


def test_both_secrets_sign_for_a_day_after_a_rotation(
    manager: Api, receiver: Receiver, hook_to: HookTo, work: Work, clock: FixedClock
) -> None:
    hook = hook_to(receiver, "customer.created")
    answer = manager.post(f"{hook.path}/rotate").json()
    fresh = answer["secret"]
    assert fresh != hook.secret
    assert answer["rotated_until"] == "2026-03-16T12:00:02Z"
    manager.post("/customers", {"name": "Kestrel", "kind": "organization"})
    work()
    clock.advance(hours=23, minutes=59)
    manager.post("/customers", {"name": "Merlin", "kind": "organization"})
    work()
    for one in receiver.received[:1]:
        assert len(one.headers["webhook-signature"].split()) == 2
    receiver.received[1].verified(hook.secret)
    receiver.received[1].verified(fresh)
    clock.advance(minutes=1)
    manager.post("/customers", {"name": "Hobby", "kind": "organization"})
    work()
    receiver.received[2].verified(fresh)
    with pytest.raises(WebhookVerificationError):
        receiver.received[2].verified(hook.secret)


def test_replay_of_one_delivery_and_from_an_event_on(
    manager: Api, receiver: Receiver, hook_to: HookTo, work: Work
) -> None:
    hook = hook_to(receiver, "customer.created")
    for name in ("Kestrel", "Merlin", "Hobby"):
        manager.post("/customers", {"name": name, "kind": "organization"})
        work()
    ids = [one.headers["webhook-id"] for one in receiver.received]
    assert manager.post(f"{hook.path}/replay", {"delivery_id": hook.log[0]["id"]}).status_code == 202
    work()
    assert manager.post(f"{hook.path}/replay", {"event_id": hook.log[1]["event_id"]}).status_code == 202
    work()
    assert [one.headers["webhook-id"] for one in receiver.received[3:]] == [ids[0], ids[1], ids[2]]
    assert len(hook.log) == 6


def test_a_test_message_is_sent_at_once_and_logged(manager: Api, receiver: Receiver, hook_to: HookTo) -> None:
    hook = hook_to(receiver, "customer.created")
    answer = manager.post(f"{hook.path}/test").json()
    assert (answer["outcome"], answer["status"], answer["type"]) == ("delivered", 204, "webhook.test")
    assert receiver.received[0].verified(hook.secret)["data"] == {"webhook_id": hook.id}
    receiver.answer((500, {}, b"no such thing"))
    refused = manager.post(f"{hook.path}/test").json()
    assert (refused["outcome"], refused["status"], refused["response"]) == ("failed", 500, "no such thing")
    assert [one["id"] for one in hook.log] == [answer["id"], refused["id"]]


def test_the_owner_hears_only_while_active_and_allowed(
    crm: Crm,
    as_user: AsUser,
    api_of: Callable[[str], Api],
    receiver: Receiver,
    hook_to: HookTo,
    work: Work,
    manager: Api,
) -> None:
    as_user("customer * all", "web_webhook * own", "* web.manage_webhooks all", login="olga")
    hook = hook_to(receiver, "customer.created", api=api_of("olga"))
    with crm.session() as session:
        olga = session.find(User, login="olga")
        assert olga is not None
        session.update(change(olga, state="frozen"))
    manager.post("/customers", {"name": "Kestrel", "kind": "organization"})
    work()
    assert receiver.received == []
    hook.api = manager
    assert hook.state == ("disabled", "owner")
    assert hook.log == []
