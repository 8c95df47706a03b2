"""Telling a webhook again: one message, or everything from an event or a time on."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from crmkit.core.journal import Event
from crmkit.plugin import Job, NotFound, msg
from crmkit_web.webhooks.declared import DELIVER, REPLAY
from crmkit_web.webhooks.entities import Delivery, Webhook
from crmkit_web.webhooks.messages import message_of
from crmkit_web.webhooks.patterns import matches, told_entities

SOME = 500
"""Events that are looked at in one transaction."""


def replay_message(ctx: Any, webhook: Webhook, delivery_id: UUID | str) -> None:
    """Have the message of a delivery told once more. Raises NotFound when there is no such delivery of this webhook."""
    with ctx.elevated("the log of a webhook that the actor may see"):
        delivery = ctx.session.get(Delivery, delivery_id)
        event = ctx.session.find(Event, id=UUID(delivery.event)) if delivery.event else None
        if delivery.webhook_id != webhook.id or event is None:
            raise NotFound(msg("no {entity} with id {id}", entity="web_delivery", id=str(delivery_id)))
        ctx.jobs.enqueue(DELIVER, message_of(webhook.id, event).payload())


def replay_from(ctx: Any, webhook: Webhook, *, event_id: UUID | None = None, since: datetime | None = None) -> None:
    """Have everything told once more that happened from an event, or a time, on. Raises NotFound for an unknown event."""
    with ctx.elevated("the event log, of which the webhook hears what its owner may see"):
        after = 0
        if event_id is not None:
            event = ctx.session.find(Event, id=event_id)
            if event is None:
                raise NotFound(msg("no {entity} with id {id}", entity="event", id=str(event_id)))
            after = event.position - 1
        payload = {"webhook": webhook.id, "after": after, "since": None if since is None else since.isoformat()}
        ctx.jobs.enqueue(REPLAY, {**payload, "until": ctx.clock.now().isoformat()})


def replay_some(ctx: Any, job: Job) -> None:
    """Enqueue the messages of some events, and then itself for those behind them."""
    payload = job.payload
    since, until = payload["since"], datetime.fromisoformat(payload["until"])
    with ctx.elevated("the event log, of which the webhook hears what its owner may see"):
        webhook = ctx.session.find(Webhook, id=UUID(payload["webhook"]), state="active")
        if webhook is None:
            return
        told = {info.name for info in told_entities(ctx.session.database.registry)}
        events = ctx.services.list_events(
            after=payload["after"], since=None if since is None else datetime.fromisoformat(since), limit=SOME
        )
        for event in events:
            # What happened since it was asked for is told anyway.
            if event.occurred_at <= until and event.entity in told and matches(webhook, event.type):
                ctx.jobs.enqueue(DELIVER, message_of(webhook.id, event).payload())
        if len(events) == SOME and events[-1].occurred_at <= until:
            ctx.jobs.enqueue(REPLAY, {**payload, "after": events[-1].position}, again=True)
