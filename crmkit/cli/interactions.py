"""``crmkit interaction``: log contacts with customers, show and correct them, and read a customer's timeline."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.records import SHOWN, filter_option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

    from rich.console import RenderableType

    from crmkit.core.interaction import Interaction
    from crmkit.core.timeline import TimelineEntry
    from crmkit.services.interactions import ContactFigures, Timeline
    from crmkit.services.interactions.parties import Party
    from crmkit.services.interactions.recording import Direction
    from crmkit.store.session import Session

_DIRECTIONS = click.Choice(["inbound", "outbound", "internal"])
_STATUSES = click.Choice(["planned", "in_progress", "completed", "cancelled"])
_customer = argument("customer", help=wording("Its name, id, number in another system or mail address."))
_id = argument("interaction", help=wording("The id of the interaction."))


@group("interaction", help=wording("Log contacts with customers, show and correct them, and read timelines."))
def interaction() -> None:
    pass


@interaction.command("log", help=wording("Log a contact. The same key in the same channel is logged once."))
@argument("kind", help=wording("What it was, such as call, email, visit, purchase or note."))
@option(
    "--customer",
    "customers",
    multiple=True,
    metavar="CUSTOMER",
    help=wording("Who took part: name, id, number or mail address of a customer; may be given again."),
)
@option(
    "--address",
    "addresses",
    multiple=True,
    metavar="ADDRESS",
    help=wording("Who took part, by a mail address or phone that may be unknown; may be given again."),
)
@option("--subject", default="", metavar="TEXT", help=wording("What it was about, in a line."))
@option("--body", default="", metavar="TEXT", help=wording("What was said; - reads it from the standard input."))
@option("--at", metavar="TIME", help=wording("When it happened, such as 2026-03-15T10:00; else now."))
@option("--direction", type=_DIRECTIONS, help=wording("Who contacted whom."))
@option("--channel", default="", metavar="WORD", help=wording("By what, such as email, phone or shop."))
@option("--key", default="", metavar="TEXT", help=wording("What the channel calls it; the same key is logged once."))
@option("--status", type=_STATUSES, default="completed", show_default=True, help=wording("How far it is."))
@option("--outcome", default="", metavar="TEXT", help=wording("What came of it."))
@option("--thread", default="", metavar="TEXT", help=wording("The conversation that it belongs to."))
@option("--money", metavar="AMOUNT", help=wording("Its money, such as '119.00 EUR'."))
@option(
    "--attach",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help=wording("A file that belongs to it; may be given again."),
)
@option("--private", is_flag=True, help=wording("For its owner's eyes alone."))
@json_option
def log(
    kind: str,
    customers: tuple[str, ...],
    addresses: tuple[str, ...],
    body: str,
    at: str | None,
    money: str | None,
    direction: Direction | None,
    files: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> None:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.clock import parse_instant
    from crmkit.services.customer_view import find_customer
    from crmkit.services.interactions import log as log_interaction

    text = sys.stdin.read() if body == "-" else body
    with working() as (crm, session):
        who: list[Party] = [*[find_customer(session, needle) for needle in customers], *addresses]
        zone = ZoneInfo(session.actor.timezone)
        logged = log_interaction(
            session,
            kind,
            participants=who,
            body=text,
            at=parse_instant(at, zone) if at else None,
            money=_money(money),
            direction=direction or "",
            country=crm.config.country,
            kinds=crm.kinds,
            source="cli",
            **given,
        )
        if logged.created and files:
            session.flush()
            from crmkit.services.attachments import attach

            for name in files:
                attach(session, crm.attachments, logged.interaction, Path(name).name, Path(name).read_bytes())
        session.commit()
        document = _document(session, logged.interaction)
    if as_json:
        print_json({"created": logged.created, **document})
        return
    click.echo(str(logged.interaction.id))
    unknown = sum(one["claim_id"] is not None for one in document["participants"])
    if not logged.created:
        say(msg("logged before"))
    elif unknown:
        say(msg("logged; {count} of those who took part are unknown: crmkit claim list", count=unknown))
    else:
        say(msg("logged"))


@interaction.command("show", help=wording("Show an interaction, who took part, its thread and what it corrects."))
@_id
@json_option
def show(interaction: str, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.output import print_block, print_json
    from crmkit.cli.running import working
    from crmkit.core.interaction import Interaction

    with working(reads=True) as (crm, session):
        found = session.get(Interaction, interaction)
        document = _document(session, found)
        labels = {name: kind.label for name, kind in crm.kinds.items()}
        zone = ZoneInfo(session.actor.timezone)
    if as_json:
        print_json(document)
        return
    for block in _page(document, labels, zone):
        print_block(block)


@interaction.command("correct", help=wording("Correct a completed interaction by one that takes its place."))
@_id
@option(
    "--set",
    "values",
    multiple=True,
    required=True,
    metavar="FIELD=VALUE",
    help=wording("A field and what it should have been, as in subject=Delivery; may be given again."),
)
@json_option
def correct(interaction: str, values: tuple[str, ...], as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.ids import parse_id
    from crmkit.services.interactions import correct as correct_interaction

    with working() as (_, session):
        fields = dict(_field(session, text) for text in values)
        made = correct_interaction(session, parse_id(interaction), **fields)
        session.commit()
        document = _document(session, made)
    if as_json:
        print_json(document)
        return
    click.echo(str(made.id))
    say(msg("corrected; the former one is kept"))


@interaction.command("timeline", help=wording("Show what happened with a customer, the newest first, page by page."))
@_customer
@option("--kind", "kinds", multiple=True, metavar="KIND", help=wording("This kind alone; may be given again."))
@option("--channel", default="", metavar="WORD", help=wording("This channel alone."))
@option("--direction", type=_DIRECTIONS, help=wording("This direction alone."))
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
        print_json(_timeline_document(page, counted))
        return
    if counted is not None:
        print_block(pairs(_figures(counted, zone)))
    print_block(_entries(page.entries, labels, zone, found.name))
    for failed in page.errors:
        say(msg("missing: what {plugin} knows of it: {error}", plugin=failed.plugin, error=failed.message))
    if page.cursor:
        say(msg("there is more: --cursor {cursor}", cursor=page.cursor))


@interaction.command("attach", help=wording("Attach files to an interaction."))
@_id
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@json_option
def attach_(interaction: str, files: tuple[str, ...], as_json: bool) -> None:
    from pathlib import Path

    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.interaction import Interaction
    from crmkit.core.messages import msg
    from crmkit.services.attachments import attach

    with working() as (crm, session):
        found = session.get(Interaction, interaction)
        made = [attach(session, crm.attachments, found, Path(name).name, Path(name).read_bytes()) for name in files]
        session.commit()
    if as_json:
        print_json(made)
        return
    for one in made:
        click.echo(str(one.id))
    say(msg("{count} files attached", count=len(made)))


@interaction.command("save", help=wording("Write the attachments of an interaction into a folder."))
@_id
@argument("folder", help=wording("Where to; files that are there are not replaced."), type=click.Path(file_okay=False))
def save(interaction: str, folder: str) -> None:
    from pathlib import Path

    from crmkit.cli.running import say, working
    from crmkit.core.interaction import Attachment, Interaction
    from crmkit.core.messages import msg
    from crmkit.services.attachments import read

    place = Path(folder)
    with working(reads=True) as (crm, session):
        found = session.get(Interaction, interaction)
        files = session.list(Attachment, interaction_id=found.id, order="id")
        place.mkdir(parents=True, exist_ok=True)
        for file in files:
            free = _free(place, file.filename)
            free.write_bytes(read(session, crm.attachments, file))
            click.echo(str(free))
    say(msg("{count} files written", count=len(files)))


# -- what was given ---------------------------------------------------------------------------------------------------


def _money(text: str | None) -> Any:
    from crmkit.core.errors import BadInput
    from crmkit.core.messages import msg, shown
    from crmkit.core.values.money import Money

    if text is None:
        return None
    amount, _, currency = text.strip().partition(" ")
    if not currency.strip():
        raise BadInput(msg("money {value}: expected an amount and a currency, such as 119.00 EUR", value=shown(text)))
    return Money.of(amount, currency.strip().upper())


def _field(session: Session, text: str) -> tuple[str, Any]:
    from zoneinfo import ZoneInfo

    from crmkit.core.errors import BadInput
    from crmkit.core.interaction import Interaction
    from crmkit.core.messages import msg, shown
    from crmkit.core.values.clock import parse_instant

    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals:
        raise BadInput(msg("{value}: expected FIELD=VALUE", value=shown(text)))
    info = session.database.registry.get(Interaction).field(name)
    if info.kind.name == "TEXT":
        return name, value
    if info.kind.name == "INSTANT":
        return name, parse_instant(value, ZoneInfo(session.actor.timezone)) if value else None
    if info.kind.name == "MONEY":
        return name, _money(value) if value else None
    raise BadInput(msg("interaction.{field} is not corrected here", field=name))


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


def _free(folder: Path, name: str) -> Path:
    from crmkit.services.attachments import safe_name

    wanted = folder / safe_name(name)
    number = 1
    while wanted.exists():
        number += 1
        wanted = folder / f"{wanted.stem.removesuffix(f'-{number - 1}')}-{number}{wanted.suffix}"
    return wanted


# -- what is shown ----------------------------------------------------------------------------------------------------


def _document(session: Session, interaction: Interaction) -> dict[str, Any]:
    from crmkit.core.customer import Customer
    from crmkit.core.interaction import Attachment, InteractionLine, InteractionLink, InteractionParticipant
    from crmkit.services.interactions import former_ones, thread

    found = session.get(type(interaction), interaction.id)
    who = session.list(InteractionParticipant, interaction_id=found.id, order="id")
    ids = sorted({one.customer_id for one in who if one.customer_id is not None})
    names = {one.id: one.name for one in session.list(Customer, id=ids)} if ids else {}
    others = [one for one in thread(session, found) if one.id != found.id]
    return {
        "interaction": found,
        "participants": [
            {
                "customer_id": one.customer_id,
                "name": names.get(one.customer_id) if one.customer_id else None,
                "claim_id": one.claim_id,
                "user_id": one.user_id,
                "role": one.role,
                "address": one.address,
            }
            for one in who
        ],
        "lines": session.list(InteractionLine, interaction_id=found.id, order="position"),
        "links": session.list(InteractionLink, interaction_id=found.id, order="id"),
        "attachments": session.list(Attachment, interaction_id=found.id, order="id"),
        "corrects": former_ones(session, found),
        "thread": [{"id": one.id, "occurred_at": one.occurred_at, "subject": one.subject} for one in others],
    }


def _page(document: dict[str, Any], labels: dict[str, str], zone: tzinfo) -> Iterator[RenderableType]:
    from crmkit.cli.output import pairs, shown_money, shown_value, table
    from crmkit.core.messages import msg

    one: Interaction = document["interaction"]
    rows: list[tuple[str, Any]] = [
        (translated(wording("Time")), shown_value(one.occurred_at, zone)),
        (translated(wording("Kind")), translated(labels.get(one.kind, one.kind))),
        (translated(wording("Subject")), one.subject),
        (translated(wording("Direction")), translated(one.direction) if one.direction else ""),
        (translated(wording("Channel")), one.channel),
        (translated(wording("Status")), translated(one.status)),
        (translated(wording("Outcome")), one.outcome),
        (translated(wording("Money")), shown_money(one.money) if one.money is not None else ""),
    ]
    for who in document["participants"]:
        unknown = translated(wording("unknown")) if who["claim_id"] else ""
        name = who["name"] or unknown
        rows.append((translated(who["role"]), " ".join(filter(None, (name, who["address"])))))
    for file in document["attachments"]:
        rows.append((translated(wording("Attachment")), f"{file.filename} ({file.media_type}, {file.size:,} B)"))
    for former in document["corrects"]:
        rows.append((translated(wording("Corrects")), f"{former.id} {former.subject}"))
    rows += [(translated("Id"), one.id)]
    yield pairs([(name, value) for name, value in rows if value not in ("", None)])
    if document["lines"]:
        headings = [wording("Description"), wording("Quantity"), wording("Unit price"), wording("Amount")]
        yield table(
            [translated(heading) for heading in headings],
            [(line.description, line.quantity, line.unit_price, line.amount) for line in document["lines"]],
            right=(1, 2, 3),
        )
    if one.body:
        yield ""
        yield _text(one.body)
    if document["thread"]:
        yield ""
        yield msg("{count} others in the thread", count=len(document["thread"])).render(translated)


def _text(body: str) -> RenderableType:
    from rich.text import Text

    from crmkit.cli.output import clean

    return Text(clean(body))


def _entries(entries: Sequence[TimelineEntry], labels: dict[str, str], zone: tzinfo, title: str) -> RenderableType:
    from crmkit.cli.output import shown_money, shown_value, table

    marks = {"inbound": "←", "outbound": "→", "internal": "·"}
    headings = [wording("Time"), wording("Kind"), "", wording("Channel"), wording("Subject"), wording("Money")]
    rows = [
        (
            shown_value(entry.at, zone),
            translated(labels.get(entry.kind, entry.kind)),
            marks.get(entry.direction, ""),
            entry.channel or entry.source,
            entry.title or " ".join(entry.text.split())[:80],
            "" if entry.money is None else shown_money(entry.money),
        )
        for entry in entries
    ]
    return table([translated(heading) if heading else "" for heading in headings], rows, title=title, right=(5,))


def _figures(figures: ContactFigures, zone: tzinfo) -> Iterator[tuple[str, Any]]:
    from crmkit.cli.output import shown_value

    yield translated(wording("Contacts")), f"{figures.contacts:,}"
    yield translated(wording("First contact")), shown_value(figures.first_contact, zone)
    yield translated(wording("Last contact")), shown_value(figures.last_contact, zone)
    yield translated(wording("Last inbound")), shown_value(figures.last_inbound, zone)
    yield translated(wording("Last outbound")), shown_value(figures.last_outbound, zone)
    channels = [f"{name or '-'} {count:,}" for name, count in figures.by_channel().items()]
    yield translated(wording("By channel")), ", ".join(channels)


def _timeline_document(page: Timeline, figures: ContactFigures | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "entries": page.entries,
        "cursor": page.cursor,
        "errors": [{"plugin": failed.plugin, "message": failed.message} for failed in page.errors],
    }
    if figures is not None:
        document["figures"] = {
            "contacts": figures.contacts,
            "first_contact": figures.first_contact,
            "last_contact": figures.last_contact,
            "last_inbound": figures.last_inbound,
            "last_outbound": figures.last_outbound,
            "by_channel": figures.by_channel(),
            "by_direction": figures.by_direction(),
        }
    return document
