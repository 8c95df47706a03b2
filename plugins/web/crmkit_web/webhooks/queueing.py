"""From the event log to jobs: one for each webhook that hears of an event, so that none waits for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmkit.core.frozen import frozen
from crmkit.plugin import CommittedEvents, Context, Event
from crmkit_web.webhooks.declared import DELIVER
from crmkit_web.webhooks.entities import Webhook
from crmkit_web.webhooks.messages import message_of
from crmkit_web.webhooks.patterns import matches, told_entities


@frozen
class QueueMessages:
    """A command that enqueues jobs in a transaction of its own: the hook's session only reads.

    A job is named by webhook and event, so that events which come a second time are not told twice.
    """

    payloads: tuple[Mapping[str, Any], ...]

    def execute(self, ctx: Context) -> None:
        """Enqueue them."""
        for payload in self.payloads:
            ctx.jobs.enqueue(DELIVER, payload, key=f"{payload['webhook']}:{payload['event']}")


def queue_events(ctx: Context, call: CommittedEvents) -> None:
    """Have events told to the webhooks that want to hear of them."""
    session: Any = ctx.session
    webhooks = session.list(Webhook, state="active")
    told = {info.name for info in told_entities(session.database.registry)} if webhooks else set()
    payloads: list[Mapping[str, Any]] = []
    for event in call.events:
        heard = _hearers(webhooks, event) if event.entity in told else []
        payloads += [message_of(webhook.id, event).payload() for webhook in heard]
        if not heard:
            call.ignore(event)
    if payloads:
        session.let_go()
        ctx.services.enqueue(QueueMessages(tuple(payloads))).result()


def _hearers(webhooks: Sequence[Webhook], event: Event) -> list[Webhook]:
    return [
        webhook
        for webhook in webhooks
        if (webhook.since is None or event.occurred_at >= webhook.since) and matches(webhook, event.type)
    ]
