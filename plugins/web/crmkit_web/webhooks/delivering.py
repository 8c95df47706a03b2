"""Delivering one message: looked up, rendered for the webhook's owner, sent outside of any transaction, and noted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import attrs

from crmkit.core.frozen import frozen
from crmkit.core.journal import AuditEntry
from crmkit.core.staff import User
from crmkit.plugin import AccessDenied, BadInput, ConfigError, Job, NotFound, change
from crmkit_web.documents.plain import encoded
from crmkit_web.settings import WebSettings
from crmkit_web.webhooks.declared import DELIVER, PERMISSION
from crmkit_web.webhooks.entities import Delivery, Webhook
from crmkit_web.webhooks.messages import Message, message_from
from crmkit_web.webhooks.rendering import rendered
from crmkit_web.webhooks.schedule import RESTS_AFTER, failures_in_a_row, next_attempt, resting_until
from crmkit_web.webhooks.secrets import signed_headers, valid_secrets
from crmkit_web.webhooks.sending import Sent, private_texts, send

_LOOKED_AT = RESTS_AFTER + 10
"""Deliveries that are looked at to see how a receiver is."""

_PROBED = timedelta(seconds=20)
"""How long other messages wait while one tries a receiver that has failed lately."""

_LOCK = threading.Lock()
_PROBES: set[UUID] = set()
"""The webhooks whose receivers are being tried, in this process."""

Reason = Literal["owner", "filter", "secret", "gone", "failed"]


@frozen
class Letter:
    """A message that is ready to be sent."""

    webhook: Webhook
    body: str
    secrets: tuple[str, ...] = attrs.field(repr=False)
    private: tuple[str, ...] = attrs.field(repr=False)
    probe: bool = False
    """Whether the receiver has failed lately: then one message at a time goes to it."""


@frozen
class _Stop:
    """The webhook must not be told anything any more."""

    reason: Reason


@frozen
class _Wait:
    """The receiver is left alone until then."""

    until: datetime


def deliver(ctx: Any, job: Job) -> None:
    """Deliver a message, or see to its next attempt.

    Each attempt leaves one row in the log: what became of it is a step, which is not repeated when the rest has to be.
    """
    message = message_from(job.payload)
    done = ctx.steps.run("attempt", _attempt, ctx, message)
    if "stop" in done:
        with ctx.elevated("a webhook that must not go on is disabled"):
            disable(ctx, message, done["stop"])
    elif "wait" in done:
        ctx.jobs.enqueue(DELIVER, message.payload(), at=datetime.fromisoformat(done["wait"]), again=True)
    elif "sent" in done:
        with ctx.elevated("the log of deliveries is the store's"):
            _note(ctx, message, Sent(**done["sent"]), datetime.fromisoformat(done["at"]))


def _attempt(ctx: Any, message: Message) -> dict[str, Any]:
    """Send a message where it can be sent now; returns what became of it, in JSON form. Empty: there is nothing to tell."""
    ready = _ready(ctx, message)
    if isinstance(ready, _Stop):
        return {"stop": ready.reason}
    if isinstance(ready, _Wait):
        return {"wait": (ready.until + _spread(message)).isoformat()}
    if ready is None:
        return {}
    now = ctx.clock.now()
    with _alone(ready) as free:
        if not free:
            return {"wait": (now + _PROBED + _spread(message)).isoformat()}
        sent = post(ctx.config, ready, message.id, now)
    return {"sent": attrs.asdict(sent), "at": now.isoformat()}


@contextmanager
def _alone(ready: Letter) -> Iterator[bool]:
    """Within, nobody else in this process tries a receiver that has failed lately; False when somebody does already."""
    id, free = ready.webhook.id, True
    if ready.probe:
        with _LOCK:
            free = id not in _PROBES
            _PROBES.add(id)
    try:
        yield free
    finally:
        if ready.probe and free:
            with _LOCK:
                _PROBES.discard(id)


def _ready(ctx: Any, message: Message) -> Letter | _Stop | _Wait | None:
    """Return the message as it is sent now; None when there is nobody to tell any more, or nothing."""
    crm = ctx.crm
    with crm.session(reads=True) as session:
        webhook = session.find(Webhook, id=message.webhook)
        if webhook is None or webhook.state != "active":
            return None
        latest = session.list(Delivery, webhook_id=webhook.id, order="-attempted_at,-id", limit=_LOOKED_AT)
        # What was before it was enabled again does not count.
        latest = [one for one in latest if webhook.since is None or one.attempted_at > webhook.since]
        until = resting_until(latest)
        if until is not None and ctx.clock.now() < until:
            return _Wait(until)
        entry = session.find(AuditEntry, id=message.event)
        owner = session.find(User, id=webhook.owner_id)
    actor = None
    with suppress(NotFound):
        actor = None if owner is None else crm.actor(owner.login)
    if actor is None or not actor.has_permission(PERMISSION):
        return _Stop("owner")
    try:
        with crm.session(actor, reads=True) as session:
            document = rendered(session, webhook, message, entry)
    except (AccessDenied, BadInput):
        return _Stop("filter")
    if document is None:
        return None
    probe = failures_in_a_row(latest) >= RESTS_AFTER
    return letter(ctx.config, webhook, document, ctx.clock.now(), probe=probe)


def letter(
    settings: WebSettings, webhook: Webhook, document: Any, now: datetime, *, probe: bool = False
) -> Letter | _Stop:
    """Return a document with what it is signed with."""
    try:
        secrets = tuple(valid_secrets(settings, webhook, now))
    except ConfigError:
        return _Stop("secret")
    return Letter(webhook, encoded(document).decode(), secrets, (*secrets, *private_texts(document)), probe)


def post(settings: WebSettings, ready: Letter, message_id: str, now: datetime) -> Sent:
    """Send what is ready."""
    headers = signed_headers(list(ready.secrets), message_id, now, ready.body)
    private = (*ready.private, *headers["webhook-signature"].split())
    return send(ready.webhook.url, ready.body, headers, now=now, allowed=settings.allowed_networks, private=private)


def _note(ctx: Any, message: Message, sent: Sent, now: datetime) -> None:
    """Write the attempt into the log, and enqueue the next one or disable the webhook where it failed."""
    first = message.first or now
    again = None
    gone = sent.status == 410
    if not sent.delivered and not gone:
        asked = None if sent.retry_after is None else timedelta(seconds=sent.retry_after)
        again = next_attempt(message.attempt, first, now, message.event, asked)
    ctx.session.add(logged(message.webhook, message.id, message.type, sent, now, again, message))
    if sent.delivered:
        return
    if again is not None:
        following = attrs.evolve(message, attempt=message.attempt + 1, first=first)
        ctx.jobs.enqueue(DELIVER, following.payload(), at=again, again=True)
    elif gone:
        disable(ctx, message, "gone")
    elif not ctx.session.list(
        Delivery, f"attempted_at >= {first.isoformat()}", webhook_id=message.webhook, outcome="delivered", limit=1
    ):
        disable(ctx, message, "failed")


def logged(
    webhook: Any, message_id: str, type: str, sent: Sent, now: datetime, again: datetime | None, message: Message | None
) -> Delivery:
    """Return the row of the log for an attempt; without a ``message`` it was a test."""
    outcome: Literal["delivered", "failed", "given_up"] = "given_up"
    if sent.delivered:
        outcome = "delivered"
    elif again is not None or message is None:
        outcome = "failed"
    return Delivery(
        webhook_id=webhook,
        message_id=message_id,
        event="" if message is None else str(message.event),
        type=type,
        attempt=1 if message is None else message.attempt,
        attempted_at=now,
        outcome=outcome,
        status=sent.status,
        error=sent.error,
        response=sent.response,
        milliseconds=sent.milliseconds,
        next_attempt_at=again,
    )


def disable(ctx: Any, message: Message, reason: Reason) -> None:
    """Disable a webhook that is active, and say so in the log of the application."""
    webhook = ctx.session.find(Webhook, id=message.webhook, state="active")
    if webhook is not None:
        ctx.session.update(change(webhook, state="disabled", reason=reason))
        ctx.log.warning("webhook %s is disabled: %s", webhook.id, reason)


def _spread(message: Message) -> timedelta:
    return timedelta(milliseconds=message.event.int % 5_000)
