"""The 360 degree view of a customer as panels and tables, and as a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from rich.panel import Panel

from crmkit.cli.output import clean, pairs, shown_money, shown_value, table
from crmkit.cli.words import translate, translated, wording
from crmkit.core.entity import entity_info
from crmkit.core.messages import msg

if TYPE_CHECKING:
    from rich.console import RenderableType

    from crmkit.core.entity import EntityInfo
    from crmkit.services.customer_view import CustomerView

_LEFT_OUT = ("id", "version", "created_by", "updated_at", "updated_by", "custom", "owner_id", "team_id", "name")


def view_page(view: CustomerView, info: EntityInfo, kinds: Mapping[str, str], zone: tzinfo) -> Iterator[RenderableType]:
    """Yield the blocks of the page: who it is, value, how to reach it, relations and the timeline, newest first.

    ``info`` tells the fields of customers, those of the installation too; ``kinds`` maps kinds of interaction to their
    labels, ``zone`` is what times are shown in.
    """
    yield Panel(
        pairs(_facts(view, info, kinds, zone)), title=clean(view.customer.name), title_align="left", expand=False
    )
    if view.points:
        yield ""
        yield _points(view)
    if view.relations:
        yield ""
        yield _relations(view)
    if view.timeline:
        yield ""
        yield _timeline(view, kinds, zone)
    left = sum(view.counts.values()) - len(view.timeline)
    if left > 0:
        yield msg("{count} older interactions; --limit 0 shows all", count=left).render(translate())


def view_document(view: CustomerView) -> dict[str, Any]:
    """Return the view as a document: the timeline newest first, amounts as text."""
    return {
        "customer": view.customer,
        "identities": [{"system": known.system, "external_id": known.external_id} for known in view.identities],
        "points": view.points,
        "relations": [
            {
                "type": related.type,
                "customer": {"id": related.customer.id, "name": related.customer.name, "kind": related.customer.kind},
                "title": related.title,
            }
            for related in view.relations
        ],
        "timeline": view.timeline,
        "value": [{"amount": f"{money.rounded().amount:f}", "currency": money.currency} for money in view.value],
        "counts": view.counts,
        "hidden": view.hidden,
    }


def _facts(view: CustomerView, info: EntityInfo, kinds: Mapping[str, str], zone: tzinfo) -> Iterable[tuple[str, Any]]:
    value = "  ".join(shown_money(money) for money in view.value)
    yield translated(wording("Customer value")), value or "-"
    if view.counts:
        counts = [f"{translated(kinds.get(name, name))} {number:,}" for name, number in view.counts.items()]
        yield translated(wording("Interactions")), ", ".join(counts)
    if view.identities:
        numbers = [f"{known.system} {known.external_id}" for known in view.identities]
        yield translated(wording("Known as")), ", ".join(numbers)
    fields = entity_info(type(view.customer)).fields
    for field in (*[field for field in fields if not field.common], *[field for field in fields if field.common]):
        given = getattr(view.customer, field.name)
        if field.name not in _LEFT_OUT and given not in (None, ""):
            shown = translated(given) if field.choices else shown_value(given, zone)
            yield translated(field.label), shown
    labels = {field.name: translated(field.label) for field in info.fields}
    for name, given in view.customer.custom.items():
        yield labels.get(name, name), shown_value(given, zone)
    if view.hidden:
        names = (f"{entity}.{name}" for entity, hidden in view.hidden.items() for name in hidden)
        yield translated(wording("Hidden from you")), ", ".join(names)
    yield translated("Id"), view.customer.id


def _points(view: CustomerView) -> RenderableType:
    headings = [translated(heading) for heading in (wording("Kind"), wording("Value"), wording("Label"))]
    rows = [(translated(p.kind), p.value, f"{p.label} ★" if p.preferred else p.label) for p in view.points]
    return table(headings, rows, title=translated(wording("Contact points")))


def _relations(view: CustomerView) -> RenderableType:
    headings = [translated(heading) for heading in (wording("Relation"), wording("Customer"), wording("Job title"))]
    rows = [(translated(r.type.replace("_", " ")), r.customer.name, r.title) for r in view.relations]
    return table(headings, rows, title=translated(wording("Relations")))


def _timeline(view: CustomerView, kinds: Mapping[str, str], zone: tzinfo) -> RenderableType:
    headings = [
        translated(heading) for heading in (wording("When"), wording("Kind"), wording("Subject"), wording("Amount"))
    ]
    rows = [
        (
            shown_value(item.occurred_at, zone),
            translated(kinds.get(item.kind, item.kind)),
            item.subject or _first_line(item.body),
            item.money,
        )
        for item in view.timeline
    ]
    return table(headings, rows, title=translated(wording("Timeline")), right=[3])


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 80 else f"{line[:79]}…"
