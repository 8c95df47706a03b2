"""``crmkit duplicates``: customers that are likely one and the same."""

from __future__ import annotations

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.records import SHOWN
from crmkit.cli.words import translated, wording


@group("duplicates", help=wording("Find customers that are likely one and the same."), invoke_without_command=True)
@option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.9,
    show_default=True,
    metavar="SCORE",
    help=wording("Show pairs from this score on, between 0 and 1."),
)
@option("--limit", type=click.IntRange(min=0), metavar="N", help=wording("At most this many pairs; 0 for all."))
@json_option
@click.pass_context
def duplicates(ctx: click.Context, threshold: float, limit: int | None, as_json: bool) -> None:
    if ctx.invoked_subcommand is not None:
        return
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.services.identify.duplicates import find_duplicates

    with working(reads=True) as (_, session):
        found = find_duplicates(session, threshold)
    most = limit if limit is not None else 0 if as_json else SHOWN
    shown = found[:most] if most else found
    if as_json:
        print_json(shown)
        return
    headings = ["Score", "First", "Second", "Because", "First id", "Second id"]
    rows = [
        [f"{p.score:.2f}", p.first_name, p.second_name, [reason.text for reason in p.reasons], p.first_id, p.second_id]
        for p in shown
    ]
    print_block(table([translated(heading) for heading in headings], rows, right=[0]))
    say(msg("{shown} of {count} pairs", shown=len(shown), count=len(found)))


@duplicates.command("dismiss", help=wording("Remember that two customers are not the same."))
@argument("first", help=wording("The customer's name, id, number in another system or mail address."))
@argument("second", help=wording("The other customer."))
@option("--note", default="", metavar="TEXT", help=wording("Why they are not the same."))
@json_option
def dismiss(first: str, second: str, note: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.services.customer_view import find_customer
    from crmkit.services.identify import not_the_same

    with working() as (_, session):
        one, other = find_customer(session, first), find_customer(session, second)
        kept = not_the_same(session, one, other, note)
    if as_json:
        print_json({"id": kept.id, "first_id": kept.first_id, "second_id": kept.second_id, "note": kept.note})
    else:
        say(msg("remembered: {first} is not {second}", first=one.name, second=other.name))
