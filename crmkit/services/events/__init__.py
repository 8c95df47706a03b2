"""The event log for those who run a CRM: what is in it, how far each subscriber is, and what is parked."""

from __future__ import annotations

from crmkit.services.events.changes import ChangePage, RecordChange, UnknownPlace, changes_behind, feed_place
from crmkit.services.events.health import EventsHealth, SubscriberHealth, health
from crmkit.services.events.listing import listed_events
from crmkit.services.events.parked import discard_parked, parked_events, release_parked
from crmkit.services.events.replaying import ReplayPlan, preview_replay, replay

__all__ = [
    "ChangePage",
    "EventsHealth",
    "RecordChange",
    "ReplayPlan",
    "SubscriberHealth",
    "UnknownPlace",
    "changes_behind",
    "discard_parked",
    "feed_place",
    "health",
    "listed_events",
    "parked_events",
    "preview_replay",
    "release_parked",
    "replay",
]
