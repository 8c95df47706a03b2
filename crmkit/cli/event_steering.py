"""``crmkit events``: what subscribers could not take, trying it again, giving it up, and replaying."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.messages import Message
    from crmkit.services.events import ReplayPlan

STATES = {
    "retrying": wording("is tried again"),
    "failed": wording("failed"),
    "waiting": wording("waits"),
}
"""What each state of a parked event is called."""

_subscriber = argument("subscriber", help=wording("The subscriber, or a plugin with one of them."))


@command("parked", help=wording("List events that subscribers could not take, and those that wait behind them."))
@argument("subscriber", required=False, help=wording("Only this subscriber, or the one of this plugin."))
@json_option
def parked(subscriber: str | None, as_json: bool) -> None:
    from crmkit.cli.history import shown_instant, zone_of
    from crmkit.cli.output import print_block, print_json_array, table
    from crmkit.cli.running import working
    from crmkit.services.events import parked_events

    with working(reads=True) as (_, session):
        found = parked_events(session, subscriber or "")
        zone = zone_of(session)
    if as_json:
        print_json_array(found)
        return
    headings = [wording("Subscriber"), wording("Position"), wording("Type"), wording("Record"), wording("State")]
    headings += [wording("Attempts"), wording("Next attempt"), wording("Error")]
    rows = [
        [
            item.subscriber,
            item.position,
            item.type,
            item.record_id,
            translated(STATES[item.state]) + (f" ({item.behind})" if item.behind is not None else ""),
            item.attempts or "",
            "" if item.next_attempt_at is None else shown_instant(item.next_attempt_at, zone),
            item.error,
        ]
        for item in found
    ]
    print_block(table([translated(heading) for heading in headings], rows, right=[1, 5]))


@command(
    "retry",
    help=wording("Try parked events again at once; those that waited behind them follow when they succeed."),
)
@_subscriber
@argument("positions", nargs=-1, type=int, help=wording("Their positions; by default all that failed."))
@json_option
def retry(subscriber: str, positions: tuple[int, ...], as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting, opened, say
    from crmkit.core.messages import msg

    with opened() as crm:
        actor = acting(crm)
        taken = crm.events.retry(subscriber, positions, actor)
        left = crm.events.parked(subscriber, actor)
    if as_json:
        print_json({"subscriber": subscriber, "taken": taken, "parked": left})
    else:
        say(msg("{taken} taken, {left} still parked", taken=taken, left=len(left)))
    if any(item.position in positions or (not positions and item.state != "waiting") for item in left):
        click.get_current_context().exit(1)


@command(
    "discard",
    help=wording("Give parked events up: the subscriber is never told of them, and what waits behind them goes on."),
)
@_subscriber
@argument("positions", nargs=-1, type=int, required=True, help=wording("Their positions."))
@json_option
def discard(subscriber: str, positions: tuple[int, ...], as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting, opened, say
    from crmkit.core.messages import msg

    with opened() as crm:
        count = crm.events.discard(subscriber, positions, acting(crm))
    if as_json:
        print_json({"subscriber": subscriber, "discarded": count})
    else:
        say(msg("{count} events given up", count=count))


@command(
    "replay",
    help=wording(
        "Tell a subscriber of events from an earlier place of the log on: those that it was never told of, and with "
        "--again all of them once more."
    ),
)
@_subscriber
@option("--from", "position", type=click.IntRange(min=0), metavar="POSITION", help=wording("From this position on."))
@option("--since", metavar="MOMENT", help=wording("From this moment on, such as 2026-11-20 or 'now - 2 hours'."))
@option("--again", is_flag=True, help=wording("Also what it was told before; what it did elsewhere, it does again."))
@option("--dry-run", is_flag=True, help=wording("Only show how many events it would be told of."))
@json_option
def replay_(
    subscriber: str, position: int | None, since: str | None, again: bool, dry_run: bool, as_json: bool
) -> None:
    from crmkit.cli.history import moment
    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting, opened, say
    from crmkit.services.events import preview_replay, replay

    if (position is None) == (since is None):
        raise click.UsageError(translated(wording("give --from or --since")))
    with opened() as crm:
        with crm.session(acting(crm), reads=dry_run) as session:
            begin = moment(session, since) if since else None
            act = preview_replay if dry_run else replay
            plan = act(session, subscriber, position=position, since=begin, again=again)
        if not dry_run:
            crm.drain()
    if as_json:
        print_json({"plan": plan, "done": not dry_run})
    else:
        say(_said(plan, dry_run))


@command("deliver", help=wording("Deliver at once what waits for subscribers, as the background worker does."))
@json_option
def deliver(as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting, opened, say
    from crmkit.core.messages import msg
    from crmkit.services.events.rights import require_operator

    with opened() as crm:
        require_operator(acting(crm))
        made = crm.drain()
        found = crm.events.health()
    lag = sum(one.lag for one in found.subscribers if one.active and one.kind != "index")
    if as_json:
        print_json({"deliveries": made, "waiting": lag})
    else:
        say(msg("{count} deliveries; {lag} events still wait", count=made, lag=lag))


def _said(plan: ReplayPlan, dry_run: bool) -> Message:
    from crmkit.core.messages import msg

    values = {"name": plan.subscriber, "count": plan.events, "done": plan.done, "position": plan.position}
    if dry_run:
        return msg(
            "{name} would be told of {count} events behind position {position}; {done} it was told before", **values
        )
    return msg("{name} was given {count} events behind position {position}; {done} it was told before", **values)
