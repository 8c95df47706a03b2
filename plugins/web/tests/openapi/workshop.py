"""A plugin with an entity that has a field of every kind, a route and an action, for tests of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import attrs

from crmkit.plugin import (
    Action,
    ActionCall,
    CustomField,
    Manifest,
    Money,
    PartialDate,
    Record,
    Route,
    RouteCall,
    entity,
    field,
    hookimpl,
    msg,
)


@entity("workshop_bike", label="Bike", plural="workshop_bikes", plural_label="Bikes", plugin="workshop")
class Bike(Record):
    """Something on two wheels."""

    name: str = field(max_length=80, help="What is painted on the frame.")
    kind: Literal["city", "race"] = field(default="city")
    colour: Literal["red", "blue"] | None = field(default=None)
    gears: int = field(default=1, minimum=1)
    weight: Decimal | None = field(default=None, minimum=0)
    price: Money | None = field(default=None)
    built: PartialDate | None = field(default=None)
    sold: date | None = field(default=None)
    checked_at: datetime | None = field(default=None)
    electric: bool = field(default=False)
    labels: tuple[str, ...] = field(default=())
    parts: Mapping[str, Any] = field(default=attrs.Factory(dict))
    country: str = field(default="", format="country")
    currency: str = field(default="EUR", format="currency", required=True)
    language: str = field(default="", format="language")
    rider_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")


@attrs.frozen
class Repair:
    """What is to be done."""

    what: str = attrs.field(validator=[attrs.validators.min_len(1), attrs.validators.max_len(100)])
    minutes: int = attrs.field(default=30, validator=[attrs.validators.ge(5), attrs.validators.le(600)])
    until: date | None = None
    cost: Money | None = None


@attrs.frozen
class Estimate:
    """What it will take."""

    title: str
    hours: Decimal
    bikes: tuple[str, ...]
    repair: Repair | None = None


@attrs.frozen
class Asked:
    """What the list of estimates is asked."""

    kind: Literal["city", "race"] = "city"
    most: int = 10


def estimate(ctx: Any, call: RouteCall) -> Estimate:
    return Estimate("Estimate", Decimal(call.body.minutes) / 60, (), call.body)


def estimates(ctx: Any, call: RouteCall) -> list[Estimate]:
    return [Estimate(call.query.kind, Decimal("1.5"), ("Kestrel",))]


def repair(ctx: Any, call: ActionCall) -> Estimate:
    return Estimate(call.input.what, Decimal(1), tuple(one.name for one in call.records))


class Workshop:
    """The plugin, as an object."""

    manifest = Manifest(name="workshop", version="1.0", label="Workshop", summary="Bikes, for tests.")

    @staticmethod
    @hookimpl
    def register_entities(ctx: Any, call: Any) -> list[type]:
        return [Bike]

    @staticmethod
    @hookimpl
    def register_custom_fields(ctx: Any, call: Any) -> list[CustomField]:
        return [
            CustomField(entity="customer", name="workshop_rank", type="integer", help="How dear they are to us."),
            CustomField(entity="customer", name="workshop_since", type="date", filterable=True),
            CustomField(entity="customer", name="workshop_size", type="decimal"),
            CustomField(entity="customer", name="workshop_pedal", choices=("flat", "click")),
        ]

    @staticmethod
    @hookimpl
    def register_routes(ctx: Any, call: Any) -> list[Route]:
        return [
            Route(
                "workshop.estimate",
                "POST",
                "estimate",
                estimate,
                msg("Estimate a repair."),
                body=Repair,
                returns=Estimate,
                reads=True,
            ),
            Route(
                "workshop.estimates",
                "GET",
                "estimates",
                estimates,
                msg("Return estimates."),
                query=Asked,
                returns=list[Estimate],
            ),
        ]

    @staticmethod
    @hookimpl
    def register_actions(ctx: Any, call: Any) -> list[Action]:
        return [
            Action(
                "workshop.repair",
                msg("Repair"),
                repair,
                help=msg("Repair bikes."),
                entity="workshop_bike",
                input=Repair,
                returns=Estimate,
                bulk=True,
            )
        ]
