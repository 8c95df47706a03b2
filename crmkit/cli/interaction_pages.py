"""What ``crmkit interaction`` shows: documents for programs, pages for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from crmkit.cli.output import clean, pairs, shown_money, shown_value, table
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from datetime import tzinfo

    from rich.console import RenderableType

    from crmkit.core.interaction import Interaction
    from crmkit.core.timeline import TimelineEntry
    from crmkit.services.interactions import ContactFigures, Timeline
    from crmkit.store.session import Session

MARKS = {"inbound": "←", "outbound": "→", "internal": "·"}
"""Signs of directions."""


def document_of(session: Session, interaction: Interaction) -> dict[str, Any]:
    """Return an interaction as a program reads it: with who took part, lines, links, files and its thread."""
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


def page_of(document: dict[str, Any], labels: dict[str, str], zone: tzinfo) -> Iterator[RenderableType]:
    """Yield what a person reads of an interaction."""
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

    return Text(clean(body))


def entries_of(entries: Sequence[TimelineEntry], labels: dict[str, str], zone: tzinfo, title: str) -> RenderableType:
    """Return the entries of a timeline as a table."""
    headings = [wording("Time"), wording("Kind"), "", wording("Channel"), wording("Subject"), wording("Money")]
    rows = [
        (
            shown_value(entry.at, zone),
            translated(labels.get(entry.kind, entry.kind)),
            MARKS.get(entry.direction, ""),
            entry.channel or entry.source,
            entry.title or " ".join(entry.text.split())[:80],
            "" if entry.money is None else shown_money(entry.money),
        )
        for entry in entries
    ]
    return table([translated(heading) if heading else "" for heading in headings], rows, title=title, right=(5,))


def figures_of(figures: ContactFigures, zone: tzinfo) -> Iterator[tuple[str, Any]]:
    """Yield how often and when there was contact, as pairs."""
    yield translated(wording("Contacts")), f"{figures.contacts:,}"
    yield translated(wording("First contact")), shown_value(figures.first_contact, zone)
    yield translated(wording("Last contact")), shown_value(figures.last_contact, zone)
    yield translated(wording("Last inbound")), shown_value(figures.last_inbound, zone)
    yield translated(wording("Last outbound")), shown_value(figures.last_outbound, zone)
    channels = [f"{name or '-'} {count:,}" for name, count in figures.by_channel().items()]
    yield translated(wording("By channel")), ", ".join(channels)


def timeline_document(page: Timeline, figures: ContactFigures | None) -> dict[str, Any]:
    """Return a page of a timeline as a program reads it."""
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


def conversation(found: Sequence[Interaction], labels: dict[str, str], zone: tzinfo) -> RenderableType:
    """Return the interactions of a thread as a table, with the beginning of what each says."""
    rows = [
        (
            shown_value(one.occurred_at, zone),
            translated(labels.get(one.kind, one.kind)),
            MARKS.get(one.direction, ""),
            one.subject,
            " ".join(one.body.split())[:80],
            str(one.id),
        )
        for one in found
    ]
    headings = [wording("Time"), wording("Kind"), "", wording("Subject"), wording("Text"), wording("Id")]
    return table([translated(heading) if heading else "" for heading in headings], rows)
