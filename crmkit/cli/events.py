"""``crmkit events``: the event log, how far its subscribers are, and what they could not take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.event_steering import deliver, discard, parked, replay_, retry
from crmkit.cli.localized import argument, command, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from datetime import tzinfo

    from crmkit.services.events import SubscriberHealth

SHOWN = 50


@group("events", help=wording("Show the event log and its subscribers, and steer what they are told."))
def events() -> None:
    pass


@command("list", help=wording("List events in the order of the log, with --json as CloudEvents."))
@argument("entity", required=False, help=wording("Only events of this entity, such as customer."))
@argument("id", required=False, help=wording("Only events of this record."))
@option(
    "--after", type=click.IntRange(min=0), default=0, metavar="POSITION", help=wording("Only behind this position.")
)
@option("--since", metavar="MOMENT", help=wording("Only from this moment on, such as 2026-11-20 or 'now - 2 hours'."))
@option("--type", "types", multiple=True, metavar="TYPE", help=wording("Only this type; may be given again."))
@option("--limit", type=click.IntRange(min=0), default=SHOWN, show_default=True, help=wording("0 for all."))
@json_option
def list_(
    entity: str | None, id: str | None, after: int, since: str | None, types: tuple[str, ...], limit: int, as_json: bool
) -> None:
    from crmkit.cli.history import moment, shown_instant, zone_of
    from crmkit.cli.output import print_block, print_json_array, table
    from crmkit.cli.running import entity_named, say, working
    from crmkit.core.messages import msg
    from crmkit.runtime.events import documents
    from crmkit.services.events import listed_events

    with working(reads=True) as (crm, session):
        found = listed_events(
            session,
            after=after,
            since=moment(session, since) if since else None,
            entity=entity_named(crm, entity).name if entity else "",
            record=id,
            types=types,
            limit=limit + 1 if limit else None,
        )
        more, found = bool(limit) and len(found) > limit, found[: limit or None]
        if as_json:
            print_json_array(documents(crm, session, found))
        else:
            zone = zone_of(session)
            headings = [wording("Position"), wording("When"), wording("Type"), wording("Record"), wording("Plugin")]
            rows = [
                [event.position, shown_instant(event.occurred_at, zone), event.type, event.record_id, event.plugin]
                for event in found
            ]
            print_block(table([translated(heading) for heading in headings], rows, right=[0]))
    if more:
        say(msg("there are more; go on with --after {position}", position=found[-1].position))


@command("subscribers", help=wording("Show who follows the event log, how far behind each is, and what is parked."))
@json_option
def subscribers(as_json: bool) -> None:
    from crmkit.cli.history import zone_of
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.runtime.events import subscribers_health

    with working(reads=True) as (crm, session):
        found = subscribers_health(crm, session)
        zone = zone_of(session)
    if as_json:
        print_json({"end": found.end, "subscribers": found.subscribers})
        return
    headings = [wording("Subscriber"), wording("Position"), wording("Behind"), wording("Since")]
    headings += [wording("Tried again"), wording("Failed"), wording("Waiting"), wording("State")]
    rows = [
        [
            one.subscriber,
            one.position,
            one.lag or "",
            _time(one.behind_since, zone),
            one.retrying or "",
            one.failed or "",
            one.waiting or "",
            _state(one, zone),
        ]
        for one in found.subscribers
    ]
    print_block(table([translated(heading) for heading in headings], rows, right=[1, 2, 4, 5, 6]))


def _state(one: SubscriberHealth, zone: tzinfo) -> str:
    states: list[str] = []
    if not one.active:
        states.append(translated(wording("its plugin is not there")))
    if one.kind == "index":
        states.append(translated(wording("follows when it is asked")))
    if one.delivering_since is not None:
        states.append(
            translated(wording("is being delivered to since {time}")).format(time=_time(one.delivering_since, zone))
        )
    if one.resting_until is not None:
        states.append(
            translated(wording("rests until {time}: {error}")).format(
                time=_time(one.resting_until, zone), error=one.error
            )
        )
    if one.replaying:
        states.append(translated(wording("is being replayed")))
    return "; ".join(states)


def _time(value: Any, zone: tzinfo) -> str:
    from crmkit.cli.history import shown_instant

    return "" if value is None else shown_instant(value, zone)


for _command in (list_, subscribers, parked, retry, discard, replay_, deliver):
    events.add_command(_command)
