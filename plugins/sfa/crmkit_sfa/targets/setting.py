"""Targets are set, withdrawn and read as they stood at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.core.product import Product
from crmkit.plugin import BadInput, Context, Money, NotFound, msg
from crmkit_sfa.assignment.entities import Territory
from crmkit_sfa.naming import names_of
from crmkit_sfa.reporting.fiscal import Period
from crmkit_sfa.reporting.latest import latest
from crmkit_sfa.reporting.staff import staff_of
from crmkit_sfa.reporting.territories import territories_of
from crmkit_sfa.targets.entities import Target
from crmkit_sfa.targets.metrics import metric_named


@frozen
class Subject:
    """Whose target it is: a person's, a team's, a product's, a territory's, or everybody's when none is named."""

    user_id: UUID | None = None
    team_id: UUID | None = None
    product_id: UUID | None = None
    territory_id: UUID | None = None

    def __attrs_post_init__(self) -> None:
        if sum(one is not None for one in (self.user_id, self.team_id, self.product_id, self.territory_id)) > 1:
            raise BadInput(msg("target: expected one salesperson, team, product or territory, not several"))


WHOLE = Subject()


@frozen(kw_only=True)
class Goal:
    """A target as it stood: the amount of a metric that is money, else the number; ``set_at`` is since when."""

    amount: Money | None
    number: Decimal | None
    set_at: datetime
    note: str = ""

    @property
    def value(self) -> Decimal:
        """The amount, in its own currency, or the number."""
        return self.amount.amount if self.amount is not None else self.number or Decimal(0)


def set_target(
    ctx: Context,
    metric: str,
    period: Period,
    value: Money | Decimal | None,
    subject: Subject = WHOLE,
    *,
    note: str = "",
) -> UUID:
    """Set what is to be reached from now on, None to withdraw it; return its id.

    Raises BadInput for an unknown metric, and for a number where the metric takes money or the other way round.
    """
    known = metric_named(ctx, metric)
    if value is not None and known.money != isinstance(value, Money):
        expected = msg("an amount with its currency") if known.money else msg("a number")
        raise BadInput(msg("target {value}: expected {expected}", value=str(value), expected=expected))
    if value is not None and (value.amount if isinstance(value, Money) else value) < 0:
        raise BadInput(msg("target {value}: expected {expected}", value=str(value), expected=msg("zero or more")))
    made = Target(
        metric=known.name,
        user_id=subject.user_id,
        for_team_id=subject.team_id,
        product_id=subject.product_id,
        territory_id=subject.territory_id,
        period_kind=period.kind,
        period_start=period.start,
        amount=value if isinstance(value, Money) else None,
        number=value if isinstance(value, Decimal) else None,
        withdrawn=value is None,
        note=note,
    )
    ctx.session.add(made)
    return made.id


def goals(ctx: Context, period: Period, at: datetime | None = None) -> dict[tuple[str, Subject], Goal]:
    """Return the targets of a period as they stood at an instant, by default now, by metric and subject. One select."""
    table = ctx.session.table(Target)
    c = table.c
    subject = [c.metric, c.user_id, c.for_team_id, c.product_id, c.territory_id]
    values = [c.amount_amount, c.amount_currency, c.number, c.withdrawn, c.set_at, c.note]
    found = {}
    for metric, user, team, product, territory, amount, currency, number, withdrawn, moment, note in latest(
        ctx, table, c.set_at, subject, values, period, at
    ):
        if not withdrawn:
            money = None if amount is None else Money(amount, currency)
            found[metric, Subject(user, team, product, territory)] = Goal(
                amount=money, number=number, set_at=moment, note=note
            )
    return found


def product_named(ctx: Context, text: str) -> Product:
    """Return the product with this SKU or name; raises NotFound."""
    found = ctx.session.find(Product, sku=text) or ctx.session.find(Product, name=text)
    if found is None:
        raise NotFound(msg("no product {needle}", needle=repr(text)))
    return found


def subject_names(ctx: Context, subjects: Sequence[Subject]) -> dict[Subject, str]:
    """Return what subjects are called; the empty text for everybody, and where the actor may not see the name."""
    staff, names = staff_of(ctx), names_of(ctx, Product, [subject.product_id for subject in subjects])
    territories = territories_of(ctx).named
    found = {}
    for subject in subjects:
        found[subject] = ""
        if subject.user_id in staff.people:
            found[subject] = staff.people[subject.user_id].name
        elif subject.team_id in staff.teams:
            found[subject] = staff.teams[subject.team_id][0]
        elif subject.product_id in names:
            found[subject] = names[subject.product_id]
        elif subject.territory_id in territories:
            found[subject] = territories[subject.territory_id][0]
    return found


def territory_named(ctx: Context, name: str) -> Territory:
    """Return the territory of this name; raises NotFound."""
    found = ctx.session.find(Territory, name=name)
    if found is None:
        raise NotFound(msg("no territory {needle}", needle=repr(name)))
    return found
