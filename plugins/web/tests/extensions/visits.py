"""A plugin that adds one of everything to the web, for the tests of what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import attrs

from crmkit.core.customer import Customer
from crmkit.plugin import (
    Action,
    ActionCall,
    Block,
    Chart,
    Column,
    Fields,
    FieldType,
    File,
    Form,
    Manifest,
    Metric,
    Page,
    PageCall,
    Panel,
    PanelCall,
    Permission,
    Point,
    Refused,
    Report,
    ReportCall,
    Route,
    RouteCall,
    Series,
    Table,
    TableColumn,
    change,
    hookimpl,
    msg,
)

manifest = Manifest(name="visits", version="1.0", label="Visits", summary="Visits, for tests.")


@attrs.frozen
class Visit:
    """What a visit is planned with."""

    on: date
    minutes: int = attrs.field(default=30, validator=attrs.validators.ge(5))
    way: Literal["train", "car"] = "car"
    cost: Decimal = Decimal(0)


@attrs.frozen
class Planned:
    """What was planned for whom."""

    customers: list[str]
    on: date
    cost: Decimal
    first: Customer | None = None


@attrs.frozen
class Asked:
    """What the list of visits is asked."""

    way: Literal["train", "car"] = "car"
    since: date | None = None
    most: int = 10
    tags: tuple[str, ...] = ()


def plan(ctx: Any, call: ActionCall) -> Planned:
    visit: Visit = call.input
    ctx.session.update(*[change(one, industry=f"visited on {visit.on}") for one in call.records])
    return Planned([one.name for one in call.records], visit.on, visit.cost, call.records[0])


def refuse(ctx: Any, call: ActionCall) -> None:
    ctx.session.update(change(call.records[0], industry="half-written"))
    raise Refused("visits", msg("the road is closed"))


def broken(ctx: Any, call: Any) -> Any:
    raise KeyError("secret-of-the-inside")


def panel(ctx: Any, call: PanelCall) -> Sequence[Block]:
    return [
        Fields(((msg("Name"), ctx.session.masked(call.record).name),)),
        Metric(msg("Visits"), 3, before=2),
        Form("visits.plan", call.record.id),
    ]


def broken_query(ctx: Any, call: PanelCall) -> Sequence[Block]:
    ctx.session.connection.exec_driver_sql("SELECT nothing FROM nowhere")
    return []


def per_way(ctx: Any, call: ReportCall) -> Sequence[Block]:
    columns = (TableColumn("way", msg("Way")), TableColumn("cost", msg("Cost"), numeric=True))
    return [
        Table(columns, ({"way": call.query.way, "cost": Decimal("12.50")},)),
        Chart("bar", (call.query.way,), (Series(msg("Cost"), (Decimal("12.50"),)),)),
    ]


def lengths(ctx: Any, records: Sequence[Any]) -> Mapping[UUID, int]:
    return {one.id: len(one.name) for one in records}


def echo(ctx: Any, call: RouteCall) -> Visit:
    return call.body or Visit(date(2026, 1, 1))


def listed(ctx: Any, call: RouteCall) -> list[Planned]:
    found = ctx.session.list(Customer, order="name", limit=call.query.most)
    return [Planned([one.name, call.query.way, *call.query.tags], date(2026, 1, 1), Decimal(1), one) for one in found]


def save(ctx: Any, call: RouteCall) -> None:
    ctx.session.add(Customer(kind="organization", name=call.path["name"][:200]))


def count_for_nobody(ctx: Any, call: RouteCall) -> dict[str, Any]:
    return {"seen": ctx.session.count(Customer), "actor": ctx.actor.name}


def mirror(ctx: Any, call: RouteCall) -> File:
    return File(call.body.content[::-1], call.body.media_type, call.body.name)


def register_actions(ctx: Any, call: Any) -> list[Action]:
    return [
        Action(
            "visits.plan",
            msg("Plan a visit"),
            plan,
            help=msg("Plan a visit to customers."),
            entity="customer",
            input=Visit,
            returns=Planned,
            available="kind = organization",
            bulk=True,
        ),
        Action("visits.refuse", msg("Refuse"), refuse, entity="customer", destructive=True),
        Action("visits.break", msg("Break"), broken, permission="visits.tour"),
    ]


def register_routes(ctx: Any, call: Any) -> list[Route]:
    return [
        Route("visits.echo", "POST", "echo", echo, msg("Echo."), body=Visit, returns=Visit, reads=True),
        Route("visits.list", "GET", "all", listed, msg("List."), query=Asked, returns=list[Planned]),
        Route("visits.save", "PUT", "places/{name}", save, msg("Save.")),
        Route("visits.tour", "GET", "tour", echo, msg("Tour."), returns=Visit, permission="visits.tour"),
        Route("visits.public", "GET", "public", count_for_nobody, msg("Public."), returns=dict[str, Any], public=True),
        Route("visits.mirror", "POST", "mirror", mirror, msg("Mirror."), body=File, returns=File, reads=True),
        Route("visits.sneaky", "GET", "sneaky/{name}", save, msg("Sneaky.")),
        Route("visits.broken", "GET", "broken", broken, msg("Broken.")),
    ]


class Plugin:
    """The plugin, as an object."""

    manifest = manifest

    register_actions = staticmethod(hookimpl(register_actions))
    register_routes = staticmethod(hookimpl(register_routes))

    @staticmethod
    @hookimpl
    def register_permissions(ctx: Any, call: Any) -> list[Permission]:
        return [Permission("visits.tour", msg("See the tour"))]

    @staticmethod
    @hookimpl
    def register_points(ctx: Any, call: Any) -> list[Point]:
        return [Point("visits.customer_foot", msg("At the foot"), entity="customer")]

    @staticmethod
    @hookimpl
    def register_panels(ctx: Any, call: Any) -> list[Panel]:
        return [
            Panel("visits.first", msg("First"), "visits.customer_foot", panel, position=1),
            Panel("visits.broken", msg("Broken"), "customer.side", broken, position=2),
            Panel("visits.broken_query", msg("Broken query"), "customer.side", broken_query, position=3),
            Panel("visits.last", msg("Last"), "record.main", panel, position=4),
            Panel("visits.hidden", msg("Hidden"), "customer.main", panel, permission="visits.tour"),
        ]

    @staticmethod
    @hookimpl
    def register_pages(ctx: Any, call: Any) -> list[Page]:
        def week(ctx: Any, call: PageCall) -> Sequence[Block]:
            return [Metric(msg("Week"), call.query.get("week", "this"))]

        return [
            Page("visits.week", msg("Week"), "week", week),
            Page("visits.tour", msg("Tour"), "tour", week, permission="visits.tour"),
        ]

    @staticmethod
    @hookimpl
    def register_reports(ctx: Any, call: Any) -> list[Report]:
        return [Report("visits.ways", msg("Ways"), per_way, query=Asked)]

    @staticmethod
    @hookimpl
    def register_columns(ctx: Any, call: Any) -> list[Column]:
        return [
            Column("visits.length", msg("Length"), "customer", lengths, numeric=True),
            Column("visits.broken", msg("Broken"), "customer", broken),
        ]

    @staticmethod
    @hookimpl
    def register_field_types(ctx: Any, call: Any) -> list[FieldType]:
        return [FieldType("visits.colour", msg("Colour"), ("customer.industry",), "colour", {"palette": 8})]
