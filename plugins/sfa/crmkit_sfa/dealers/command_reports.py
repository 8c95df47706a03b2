"""What head office looks at: what waits, what became of what dealers were given, how they are judged."""

from __future__ import annotations

from crmkit.command import (
    argument,
    command,
    json_option,
    option,
    print_block,
    print_json,
    say,
    table,
    translated,
    wording,
    working,
)
from crmkit.plugin import msg


@command("waiting", help=wording("Show what waits: offers, what came back, and what no dealer works on."))
@json_option
def waiting_(as_json: bool) -> None:
    from crmkit_sfa.dealers.waiting import waiting

    with working(reads=True) as (crm, session):
        found = waiting(crm.context(session, "sfa"))
    if as_json:
        print_json(found)
    elif not found:
        say(msg("nothing waits"))
    else:
        headings = (
            wording("Why"),
            wording("Record"),
            wording("Dealer"),
            wording("User"),
            wording("Since"),
            wording("Offer"),
        )
        rows = [(translated(w.reason), w.title, w.dealer, w.user, w.since, str(w.offer.id)) for w in found]
        print_block(table([translated(heading) for heading in headings], rows))


@command("progress", help=wording("Show what became of what dealers were given, as it is now."))
@option(
    "--period", default="", metavar="PERIOD", help=wording("Only offers and decisions of a period, such as 2026-Q1.")
)
@json_option
def progress_(period: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.progress import progress
    from crmkit_sfa.reporting.range import day_range

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        since, until = day_range(ctx, period=period).instants(ctx)
        found, currency = progress(ctx, since, until), ctx.currency
    if as_json:
        print_json(found)
        return
    headings = [
        *(wording("Dealer"), wording("Offers"), wording("Accepted"), wording("Declined"), wording("Expired")),
        *(wording("Hours to answer"), wording("Open leads"), wording("Converted"), wording("Open deals")),
        *(
            wording("Deals won"),
            wording("Deals lost"),
            wording("Open value"),
            wording("Value won"),
            wording("Customers"),
        ),
    ]
    rows = [
        (
            r.dealer,
            r.offered,
            r.accepted,
            r.declined,
            r.expired,
            r.answer_hours,
            r.open_leads,
            r.converted,
            r.open_deals,
            r.won_deals,
            r.lost_deals,
            r.open_value,
            r.won_value,
            r.found,
        )
        for r in found
    ]
    print_block(table([translated(h) for h in headings], rows, title=currency, right=range(1, 14)))


@command("scorecard", help=wording("Judge dealers on conduct, data quality and value in a period."))
@argument("period", help=wording("A month, quarter or fiscal year: 2026-03, 2026-Q1, FY2026."))
@option(
    "--name", default="dealers", show_default=True, help=wording("The scorecard; the standard one is made if needed.")
)
@json_option
def scorecard_(period: str, name: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.judging import judge
    from crmkit_sfa.scorecards.commands import show_ranking

    with working() as (crm, session):
        ranked = judge(crm.context(session, "sfa"), period, name)
    show_ranking(ranked, as_json)


REPORTS = (waiting_, progress_, scorecard_)
