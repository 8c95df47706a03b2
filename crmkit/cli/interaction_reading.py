"""``crmkit interaction``: show an interaction, its thread, and a customer's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.interaction_logging import DIRECTIONS
from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.records import SHOWN, filter_option
from crmkit.cli.words import wording

if TYPE_CHECKING:
    from datetime import tzinfo

_customer = argument("customer", help=wording("Its name, id, number in another system or mail address."))
_id = argument("interaction", help=wording("The id of the interaction."))


@command("show", help=wording("Show an interaction, who took part, its thread and what it corrects."))
@_id
@json_option
def show(interaction: str, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.interaction_pages import document_of, page_of
    from crmkit.cli.output import print_block, print_json
    from crmkit.cli.running import working
    from crmkit.core.interaction import Interaction

    with working(reads=True) as (crm, session):
        found = session.get(Interaction, interaction)
        document = document_of(session, found)
        labels = {name: kind.label for name, kind in crm.kinds.items()}
        zone = ZoneInfo(session.actor.timezone)
    if as_json:
        print_json(document)
        return
    for block in page_of(document, labels, zone):
        print_block(block)


@command("timeline", help=wording("Show what happened with a customer, the newest first, page by page."))
@_customer
@option("--kind", "kinds", multiple=True, metavar="KIND", help=wording("This kind alone; may be given again."))
@option("--channel", default="", metavar="WORD", help=wording("This channel alone."))
@option("--direction", type=DIRECTIONS, help=wording("This direction alone."))
@option("--from", "since", metavar="TIME", help=wording("From this day or time on."))
@option("--to", "until", metavar="TIME", help=wording("Up to this day, itself included, or up to this time."))
@filter_option
@option("--people", is_flag=True, help=wording("Also that of the people of an organization or household."))
@option("--former", is_flag=True, help=wording("Also what was corrected since."))
@option("--limit", type=click.IntRange(1, 1_000), default=SHOWN, show_default=True, help=wording("Entries of a page."))
@option("--cursor", default="", metavar="TEXT", help=wording("Go on behind the page that gave this cursor."))
@option("--figures", is_flag=True, help=wording("Say first when the last contacts were, and how many by channel."))
@json_option
def timeline(
    customer: str,
    direction: str | None,
    since: str | None,
    until: str | None,
    filter_: str,
    figures: bool,
    as_json: bool,
    **given: Any,
) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.interaction_pages import entries_of, figures_of, timeline_document
    from crmkit.cli.output import pairs, print_block, print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.services.customer_view import find_customer
    from crmkit.services.interactions import contact_figures
    from crmkit.services.interactions import timeline as read

    with working(reads=True) as (crm, session):
        found = find_customer(session, customer)
        zone = ZoneInfo(session.actor.timezone)
        start, end = _start(since, zone), _end(until, zone)
        page = read(session, found, since=start, until=end, where=filter_, direction=direction or "", **given)
        counted = contact_figures(session, [found])[found.id] if figures else None
        labels = {name: kind.label for name, kind in crm.kinds.items()}
    if as_json:
        print_json(timeline_document(page, counted))
        return
    if counted is not None:
        print_block(pairs(figures_of(counted, zone)))
    print_block(entries_of(page.entries, labels, zone, found.name))
    for failed in page.errors:
        say(msg("missing: what {plugin} knows of it: {error}", plugin=failed.plugin, error=failed.message))
    if page.cursor:
        say(msg("there is more: --cursor {cursor}", cursor=page.cursor))


@command("thread", help=wording("Show the conversation that an interaction belongs to, the oldest first."))
@_id
@option("--former", is_flag=True, help=wording("Also what was corrected since."))
@json_option
def thread_(interaction: str, former: bool, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.interaction_pages import conversation
    from crmkit.cli.output import print_block, print_json
    from crmkit.cli.running import working
    from crmkit.core.values.ids import parse_id
    from crmkit.services.interactions import thread

    with working(reads=True) as (crm, session):
        found = thread(session, parse_id(interaction), former=former)
        labels = {name: kind.label for name, kind in crm.kinds.items()}
        zone = ZoneInfo(session.actor.timezone)
    if as_json:
        print_json(found)
    else:
        print_block(conversation(found, labels, zone))


def _start(text: str | None, zone: tzinfo) -> Any:
    from crmkit.core.values.clock import parse_instant

    return parse_instant(text, zone) if text else None


def _end(text: str | None, zone: tzinfo) -> Any:
    from datetime import timedelta

    from crmkit.core.errors import BadInput
    from crmkit.core.values.clock import parse_date, parse_instant

    if not text:
        return None
    try:
        following = parse_date(text) + timedelta(days=1)
    except BadInput:
        return parse_instant(text, zone)
    return parse_instant(following.isoformat(), zone) - timedelta(microseconds=1)
