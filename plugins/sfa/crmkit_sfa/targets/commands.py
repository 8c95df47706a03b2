"""``crmkit sfa target``: set what is to be reached, and see how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.command import (
    argument,
    group,
    json_option,
    option,
    print_block,
    print_json,
    say,
    table,
    team_named,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import BadInput, msg

if TYPE_CHECKING:
    from decimal import Decimal

    from crmkit.plugin import Context, Money
    from crmkit_sfa.targets.attainment import Reached

_PERIOD = wording("A fiscal period such as 2026-Q1, 2026-03 or FY2026; by default the present quarter.")
_EVERYBODY = wording("(everybody)")


@group("target", help=wording("Set what is to be reached, and see how far it is."))
def target() -> None:
    pass


@target.command("set", help=wording("Set a target from now on; an earlier one of the same kind ends."))
@argument("metric", help=wording("What is measured, such as won_value; `crmkit sfa target metrics` lists them."))
@argument("value", help=wording("A number, or an amount such as `250000 EUR`; `none` withdraws the target."))
@option("--owner", default="", metavar="LOGIN", help=wording("The salesperson whose target it is."))
@option("--team", default="", metavar="TEAM", help=wording("The team whose target it is."))
@option("--product", default="", metavar="SKU", help=wording("The product that it is about, by SKU or name."))
@option("--territory", default="", metavar="TERRITORY", help=wording("The territory whose target it is."))
@option("--period", default="", metavar="PERIOD", help=_PERIOD)
@option("--note", default="", metavar="TEXT", help=wording("What there is to say about it."))
@json_option
def set_(
    metric: str,
    value: str,
    owner: str,
    team: str,
    product: str,
    territory: str,
    period: str,
    note: str,
    as_json: bool,
) -> None:
    from crmkit_sfa.reporting.range import period_or_now
    from crmkit_sfa.targets.metrics import metric_named
    from crmkit_sfa.targets.setting import Subject, product_named, set_target, territory_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        chosen = period_or_now(ctx, period)
        subject = Subject(
            user_named(session, owner).id if owner else None,
            team_named(session, team).id if team else None,
            product_named(ctx, product).id if product else None,
            territory_named(ctx, territory).id if territory else None,
        )
        known = metric_named(ctx, metric)
        made = set_target(ctx, known.name, chosen, _value(ctx, value, known.money), subject, note=note)
    if as_json:
        print_json({"id": made, "metric": known.name, "period": chosen.name, "value": value})
    else:
        say(msg("set for {period}: {metric} {value}", period=chosen.name, metric=known.name, value=value))


@target.command("list", help=wording("List targets, as they stand or as they stood at a moment."))
@option("--period", default="", metavar="PERIOD", help=_PERIOD)
@option("--at", default="", metavar="INSTANT", help=wording("As they stood at this moment."))
@json_option
def list_(period: str, at: str, as_json: bool) -> None:
    from crmkit_sfa.reporting.range import period_or_now
    from crmkit_sfa.targets.setting import goals, subject_names

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        chosen = period_or_now(ctx, period)
        found = goals(ctx, chosen, _moment(ctx, at))
        names = subject_names(ctx, [subject for _, subject in found])
    rows = sorted(
        (
            {
                "metric": metric,
                "for": names[subject],
                "target": goal.amount if goal.amount is not None else goal.number,
                "set_at": goal.set_at,
                "note": goal.note,
            }
            for (metric, subject), goal in found.items()
        ),
        key=lambda row: (str(row["metric"]), str(row["for"])),
    )
    if as_json:
        print_json({"period": chosen.name, "targets": rows})
        return
    headings = [wording("Metric"), wording("For"), wording("Target"), wording("Set at"), wording("Note")]
    shown = [[row["metric"], row["for"] or translated(_EVERYBODY), *list(row.values())[2:]] for row in rows]
    print_block(table([translated(heading) for heading in headings], shown, title=chosen.name, right=(2,)))


@target.command("attainment", help=wording("Show how far targets are reached, up the tree of teams."))
@option("--period", default="", metavar="PERIOD", help=_PERIOD)
@option("--metric", default="", metavar="METRIC", help=wording("Only this metric."))
@option("--at", default="", metavar="INSTANT", help=wording("As it stood at this moment."))
@json_option
def attainment(period: str, metric: str, at: str, as_json: bool) -> None:
    from crmkit_sfa.reporting.range import period_or_now
    from crmkit_sfa.reporting.showing import bar, exact, percent, say_unconverted, unconverted_rows
    from crmkit_sfa.targets.attainment import attainment as reached
    from crmkit_sfa.targets.metrics import metric_named

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        if metric:
            metric_named(ctx, metric)
        found = reached(ctx, period_or_now(ctx, period), metric=metric, at=_moment(ctx, at))
    if as_json:
        rows = [
            {
                "metric": one.metric,
                "for": one.name,
                "depth": one.depth,
                "target": _shown(one, one.target, found.currency),
                "actual": _shown(one, one.actual, found.currency),
                "attainment": exact(one.attainment),
                "rolled_up": one.rolled_up,
            }
            for one in found.rows
        ]
        missing = unconverted_rows(found.unconverted)
        elapsed = exact(found.elapsed)
        print_json({"period": found.period.name, "elapsed": elapsed, "targets": rows, "unconverted": missing})
        return
    headings = ["", wording("Target"), wording("Reached"), "%", ""]
    for name in dict.fromkeys(one.metric for one in found.rows):
        mine = [one for one in found.rows if one.metric == name]
        shown = [
            [
                *("  " * one.depth + (one.name or translated(_EVERYBODY)), _shown(one, one.target, found.currency)),
                *(_shown(one, one.actual, found.currency), percent(one.attainment), bar(one.actual, one.target)),
            ]
            for one in mine
        ]
        title = f"{translated(mine[0].label)}, {found.period.name}"
        print_block(table([translated(h) if h else "" for h in headings], shown, title=title, right=(1, 2, 3)))
    say(msg("{share} of {period} is over", share=percent(found.elapsed), period=found.period.name))
    say_unconverted(found.unconverted)


@target.command("metrics", help=wording("List the metrics that targets can be set for."))
@json_option
def metrics(as_json: bool) -> None:
    from crmkit_sfa.targets.metrics import metrics as known

    with working(reads=True) as (crm, session):
        found = known(crm.context(session, "sfa")).values()
    if as_json:
        print_json([{"metric": one.name, "label": one.label, "money": one.money} for one in found])
        return
    rows = [[one.name, translated(one.label), one.money] for one in found]
    headings = [wording("Metric"), wording("What it is"), wording("Money")]
    print_block(table([translated(heading) for heading in headings], rows))


def _value(ctx: Context, text: str, money: bool) -> Money | Decimal | None:
    """Return what a target's value says; an amount without a currency is in the installation's."""
    from unicodedata import category

    from crmkit.command import MONEY
    from crmkit.core.values.money import clean_decimal

    if text == "none":
        return None
    named = any(letter.isalpha() for letter in text)
    if not money:
        # Reading a number passes over currencies: 5 USD would be 5.
        if named or any(category(sign) == "Sc" for sign in text):
            raise BadInput(msg("target {value}: expected {expected}", value=text, expected=msg("a number")))
        return clean_decimal(text)
    return MONEY.convert(text if named else f"{text} {ctx.currency}", None, None)


def _moment(ctx: Context, text: str) -> Any:
    from crmkit.core.values.clock import parse_instant, time_zone

    return parse_instant(text, time_zone(ctx.timezone)) if text else None


def _shown(one: Reached, value: Decimal, currency: str) -> Any:
    from crmkit_sfa.reporting.showing import money

    return money(value, currency) if one.money else value
