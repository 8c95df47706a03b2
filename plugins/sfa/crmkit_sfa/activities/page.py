"""Everything there is to see of one activity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from crmkit.command import PageTable, translated, wording
from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import Context, Message, msg
from crmkit_sfa.activities.agenda import Entry
from crmkit_sfa.activities.entities import Activity, ActivityParticipant, ActivityReminder
from crmkit_sfa.activities.naming import find_activity
from crmkit_sfa.activities.occurrences import single
from crmkit_sfa.activities.pages import KINDS, STATUSES, document, when
from crmkit_sfa.naming import names_beside, names_of, titles_of


@frozen(kw_only=True)
class ActivityPage:
    """One activity, or series, with who takes part and what reminds of it, as the reader may see them."""

    entry: Entry
    lead: str
    about: str
    owner: str
    zone: ZoneInfo
    participants: Sequence[tuple[str, ActivityParticipant]]
    reminders: Sequence[ActivityReminder]

    def facts(self) -> Iterator[tuple[str, Any]]:
        """Yield labels and values of the activity itself."""
        one = self.entry.activity
        yield from (
            (wording("Subject"), one.subject),
            (wording("Kind"), translated(KINDS[one.kind])),
            (wording("When"), when(self.entry, self.zone)),
            (wording("Repeats"), one.rrule),
            (wording("Status"), translated(STATUSES[one.status])),
            (wording("Priority"), one.priority or None),
            (wording("Owner"), self.owner),
            (wording("Customer"), self.entry.customer),
            (wording("Opportunity"), self.entry.opportunity),
            (wording("Lead"), self.lead),
            (wording("Record"), self.about),
            (wording("Place"), ", ".join(filter(None, (one.location, one.postal_code, one.city)))),
            (wording("Description"), one.description),
            (wording("Outcome"), one.outcome),
            (wording("Completed"), one.completed_at and f"{one.completed_at.astimezone(self.zone):%Y-%m-%d %H:%M}"),
            (wording("Id"), str(one.id)),
        )

    def tables(self) -> Iterator[PageTable]:
        """Yield who takes part and what reminds, where there is somebody or something."""
        if self.participants:
            headings = (wording("Name"), wording("Address"), wording("Role"), wording("Answer"))
            people = [
                (name, one.address, translated(one.role), translated(one.response)) for name, one in self.participants
            ]
            yield wording("Participants"), headings, people, ()
        if self.reminders:
            rows = [(self._reminds(one), one.text) for one in self.reminders]
            yield wording("Reminders"), (wording("When"), wording("Text")), rows, ()

    def _reminds(self, one: ActivityReminder) -> Message | str:
        if one.at is not None:
            return f"{one.at.astimezone(self.zone):%Y-%m-%d %H:%M}"
        if one.before_end:
            return msg("{minutes} minutes before the end", minutes=one.minutes_before)
        return msg("{minutes} minutes before the start", minutes=one.minutes_before)

    def document(self) -> dict[str, Any]:
        """Return the page as JSON tells it."""
        one = self.entry.activity
        return {
            **document(self.entry),
            "id": one.id,
            "description": one.description,
            "rrule": one.rrule,
            "owner": self.owner or None,
            "lead": self.lead or None,
            "entity": one.entity or None,
            "record_id": one.record_id,
            "record": self.about or None,
            "postal_code": one.postal_code,
            "city": one.city,
            "completed_at": one.completed_at,
            "interaction_id": one.interaction_id,
            "participants": [
                {
                    "user_id": taking.user_id,
                    "customer_id": taking.customer_id,
                    "name": name,
                    "address": taking.address,
                    "role": taking.role,
                    "response": taking.response,
                }
                for name, taking in self.participants
            ],
            "reminders": [
                {"minutes_before": x.minutes_before, "before_end": x.before_end, "at": x.at, "text": x.text}
                for x in self.reminders
            ],
        }


def page_of(ctx: Context, needle: str) -> ActivityPage:
    """Return the page of the activity that ``needle`` names; raises as ``find_activity``.

    An occurrence that stands for one of its series has the series' participants and reminders unless it has its own.
    """
    session, zone = ctx.session, ZoneInfo(ctx.timezone)
    found = find_activity(ctx, needle)
    seen: Activity = session.masked(found)
    customers = names_of(ctx, Customer, [seen.customer_id])
    titles = titles_of(ctx, list(_about(seen)))
    parts = _parts(ctx, found, ActivityParticipant, own=found.own_participants)
    return ActivityPage(
        entry=Entry(
            seen,
            single(seen, zone),
            customers.get(seen.customer_id, ""),
            "" if seen.opportunity_id is None else titles.get(seen.opportunity_id, ""),
        ),
        lead="" if seen.lead_id is None else titles.get(seen.lead_id, ""),
        about="" if seen.record_id is None else titles.get(seen.record_id, ""),
        owner=names_beside(ctx, User, [seen.owner_id]).get(seen.owner_id, ""),
        zone=zone,
        participants=_named(ctx, parts),
        reminders=_parts(ctx, found, ActivityReminder, own=found.own_reminders),
    )


def _about(one: Activity) -> Iterator[tuple[str, UUID]]:
    known = (("sfa_opportunity", one.opportunity_id), ("sfa_lead", one.lead_id), (one.entity, one.record_id))
    for entity, id in known:
        if entity and id is not None:
            yield entity, id


def _parts(ctx: Context, one: Activity, entity: type[Any], *, own: bool) -> list[Any]:
    whose = one.series_id if one.series_id is not None and not own else one.id
    return [ctx.session.masked(part) for part in ctx.session.list(entity, activity_id=whose, order="id")]


def _named(ctx: Context, parts: Sequence[ActivityParticipant]) -> list[tuple[str, ActivityParticipant]]:
    users: Mapping[UUID | None, str] = names_beside(ctx, User, [one.user_id for one in parts])
    customers = names_of(ctx, Customer, [one.customer_id for one in parts])
    return [(users.get(one.user_id) or customers.get(one.customer_id) or one.name, one) for one in parts]
