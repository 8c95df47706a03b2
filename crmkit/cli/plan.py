"""``crmkit plan``: what an upgrade would do to the database."""

from __future__ import annotations

import click

from crmkit.cli.localized import command, json_option, option
from crmkit.cli.words import translated, wording


@command(
    "plan",
    help=wording(
        "Show what installing, upgrading or removing plugins will do to this database.\n\n"
        "Core and plugins together, in the order in which crmkit db upgrade does it. What destroys something is marked. "
        "Tables of plugins that are gone are kept."
    ),
)
@option("--without", multiple=True, help=wording("Show it as if this plugin were removed."))
@json_option
def plan(without: tuple[str, ...], as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import opened, say
    from crmkit.cli.schema_pages import kept_lines, state_document, step_lines
    from crmkit.core.messages import msg
    from crmkit.store.migration import describe

    with opened(check=False, without=without) as crm:
        state = crm.schema_state()
        address = crm.database.engine.url.render_as_string(hide_password=True)
    if as_json:
        print_json({"database": address, **state_document(state)})
        return
    for line in step_lines(state.plan):
        click.echo(line)
    for line in kept_lines(state):
        click.echo(line)
    if state.state in ("newer", "foreign"):
        say(describe(state))
    elif not state.plan:
        say(msg("nothing to do, the database is current"))
    elif state.destructive:
        say(msg("steps that destroy something: {count}", count=len(state.destructive)))
    elif state.state == "outdated":
        click.echo(translated(wording("crmkit db upgrade does it.")), err=True)
