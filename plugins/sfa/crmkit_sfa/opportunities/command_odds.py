"""``crmkit sfa opportunity probabilities``: how likely each stage's deals are won, and counting it anew."""

from __future__ import annotations

from crmkit.command import json_option, option, print_json, print_list, say, wording, working
from crmkit.plugin import msg
from crmkit_sfa.opportunities.commands import opportunity

_SOURCES = {"stage": msg("the stage"), "history": msg("history")}


@opportunity.command(
    "probabilities", help=wording("Show how likely deals in each stage are won, and what became of those before.")
)
@option("--pipeline", default="", metavar="PIPELINE", help=wording("The pipeline; by default the configured one."))
@option("--refresh", is_flag=True, help=wording("Count anew first, and weigh the opportunities that go by it."))
@json_option
def probabilities(pipeline: str, refresh: bool, as_json: bool) -> None:
    from crmkit_sfa.opportunities.page import percent
    from crmkit_sfa.opportunities.refreshing import refresh_probabilities, require_refresher, stage_odds

    changed = 0
    with working(reads=not refresh) as (crm, session):
        ctx = crm.context(session, "sfa")
        stage_odds(ctx, pipeline)  # a pipeline that is unknown is told before anything is counted
        if refresh:
            require_refresher(ctx)
            changed = refresh_probabilities(ctx)
        found = stage_odds(ctx, pipeline)
    documents = [one.document() for one in found]
    if as_json:
        print_json({"changed": changed, "stages": documents} if refresh else {"stages": documents})
        return
    headings = [wording("Stage"), wording("Probability"), wording("From"), wording("Stage's own"), wording("History")]
    rows = [
        (
            one.stage,
            percent(one.probability),
            _SOURCES[one.source],
            percent(one.default),
            percent(one.history),
            "" if one.rate is None else one.rate.won,
            "" if one.rate is None else one.rate.decided,
            "" if one.rate is None else one.rate.since,
        )
        for one in found
    ]
    print_list(
        documents,
        [*headings, wording("Won"), wording("Decided"), wording("Since")],
        rows,
        as_json=False,
        nothing=msg("no stages"),
        right=(1, 3, 4, 5, 6),
    )
    if refresh:
        say(msg("{count} opportunities got another probability", count=changed))
