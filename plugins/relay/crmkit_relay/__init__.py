"""Publishes the events of crmkit to a broker, as CloudEvents: one more subscriber of the event log.

At least once, and in their order for each customer: an event counts as done when the broker has acknowledged it. The
event's id goes along as the message's, so that a broker or consumer knows what comes a second time.
"""

from __future__ import annotations

from crmkit.plugin import CommittedEvents, Context, Manifest, hookimpl
from crmkit_relay.settings import RelaySettings

manifest = Manifest(
    name="relay",
    version="0.1.0",
    config=RelaySettings,
    label="Relay",
    summary="Publishes events to a broker: NATS JetStream or Redis Streams.",
)


@hookimpl
def after_events_committed(ctx: Context, call: CommittedEvents) -> None:
    """Publish the events that the settings want; those of an installation without a broker are nobody's."""
    settings: RelaySettings = ctx.config
    wanted = [event for event in call.events if settings.wants(event.type)]
    call.ignore(*(event for event in call.events if not settings.wants(event.type)))
    if not wanted:
        return
    from crmkit_relay.messages import messages_of
    from crmkit_relay.publishing import publish

    # ``done`` after each of them: what the broker has, it is not given again when a later one fails.
    publish(settings, messages_of(settings, ctx.session, call, wanted), call.done)
