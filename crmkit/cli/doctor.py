"""``crmkit doctor``: is all well, and what is to be done where it is not?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import command, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.errors import CrmError
    from crmkit.runtime.health import Finding, Health

LEVELS = {"ok": wording("ok"), "warning": wording("warning"), "error": wording("error")}
"""What each level is called."""


@command(
    "doctor",
    help=wording(
        "Look at database, schema, plugins, background work, clock and files, and say what is wrong and what to do.\n\n"
        "Leaves with 1 when there is an error; warnings alone do not count."
    ),
)
@option("--quick", is_flag=True, help=wording("Only whether the database answers and its schema fits."))
@json_option
@click.pass_context
def doctor(ctx: click.Context, quick: bool, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.core.errors import CrmError
    from crmkit.runtime.health import Health

    try:
        found = _examined(quick)
    except CrmError as error:
        # Whatever keeps the application from being opened is what the doctor was called for.
        found = Health(tuple(_unopened(error)))
    if as_json:
        print_json({"level": found.level.word, "findings": [document(one) for one in found.findings]})
    else:
        _print(found)
    if not found.healthy:
        ctx.exit(1)


def _examined(quick: bool) -> Health:
    from crmkit.cli.running import opened
    from crmkit.runtime.health import health

    with opened(check=False, quarantine=True) as crm:
        return health(crm, quick=quick)


def _unopened(error: CrmError) -> Iterable[Finding]:
    from crmkit.core.errors import ConfigError, DatabaseUnavailable
    from crmkit.core.messages import msg
    from crmkit.runtime.health import fault

    area = "database" if isinstance(error, DatabaseUnavailable) else "configuration"
    advice = msg("correct the configuration or the plugin that it names") if isinstance(error, ConfigError) else None
    for line in error.lines():
        yield fault(area, error.code, msg("{problem}", problem=line), advice)


def document(one: Finding) -> dict[str, Any]:
    return {
        "area": one.area,
        "code": one.code,
        "level": one.level.word,
        "message": one.message,
        "advice": one.advice,
    }


def _print(found: Health) -> None:
    from crmkit.cli.output import print_block, shown_value, table

    headings = [wording("Area"), wording("State"), wording("Finding"), wording("What to do")]
    rows = [
        (one.area, translated(LEVELS[one.level.word]), shown_value(one.message), shown_value(one.advice))
        for one in found.findings
    ]
    print_block(table([translated(heading) for heading in headings], rows))
