"""``crmkit identify``: who is it that writes, calls or visits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.indexing import index_options
from crmkit.cli.localized import group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.services.identify import Candidate, Evidence, Recognition


@group(
    "identify",
    help=wording("Recognise a customer by whatever is known: exact keys first, then who looks alike."),
    invoke_without_command=True,
)
@option("--email", multiple=True, metavar="ADDRESS", help=wording("A mail address; may be given again."))
@option("--phone", multiple=True, metavar="NUMBER", help=wording("A phone number; may be given again."))
@option("--external", multiple=True, metavar="SYSTEM:ID", help=wording("A number in another system, as in erp:4711."))
@option("--name", default="", metavar="TEXT", help=wording("A name, in any order, with initials or without."))
@option("--address", default="", metavar="TEXT", help=wording("An address on one line."))
@option("--street", default="", metavar="TEXT", help=wording("Street and house number."))
@option("--postal-code", default="", metavar="CODE", help=wording("The postal code."))
@option("--city", default="", metavar="TEXT", help=wording("The city."))
@option("--country", default="", metavar="CODE", help=wording("ISO 3166 country code; it also reads phone numbers."))
@option("--domain", default="", metavar="DOMAIN", help=wording("The domain of a company."))
@option("--born", default="", metavar="DATE", help=wording("The date of birth, such as 1980-05-17 or 1980."))
@json_option
@click.pass_context
def identify(ctx: click.Context, /, as_json: bool, **known: Any) -> None:
    if ctx.invoked_subcommand is not None:
        return
    if not any(known.values()):
        raise click.UsageError(translated(wording("Say what is known, for example --email or --name.")))
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.customer import Customer
    from crmkit.core.messages import msg
    from crmkit.services.identify import identify as recognise

    with working() as (_, session):
        found = recognise(session, _evidence(known), channel="cli")
        company = session.find(Customer, id=found.company_id) if found.company_id else None
        name = session.get(Customer, found.customer_id).name if found.customer_id else ""
    if as_json:
        print_json(found)
        return
    for ignored in found.ignored:
        say(ignored)
    _show(found, name)
    if company is not None and found.kind != "known":
        say(msg("the mail domain belongs to {name}", name=company.name))
    if found.behind:
        say(msg("the newest customers are not indexed yet; run crmkit identify index to find those, too"))


@identify.command("index", help=wording("Index customers that are new or changed, for finding who looks alike."))
@index_options
def index(rebuild: bool, as_json: bool) -> None:
    from crmkit.cli.indexing import IDENTIFY_STEP, run_index
    from crmkit.services.identify import index as step

    run_index(step, IDENTIFY_STEP, rebuild, as_json)


def _evidence(known: dict[str, Any]) -> Evidence:
    from crmkit.core.errors import BadInput
    from crmkit.core.messages import msg
    from crmkit.core.values.partial_date import parse_partial_date
    from crmkit.services.identify import Evidence

    external = []
    for text in known["external"]:
        system, colon, number = text.partition(":")
        if not (colon and system and number):
            raise BadInput(msg("--external {value}: expected a system and a number, such as erp:4711", value=text))
        external.append((system, number))
    return Evidence(
        external=tuple(external),
        emails=known["email"],
        phones=known["phone"],
        name=known["name"],
        address=known["address"],
        street=known["street"],
        postal_code=known["postal_code"],
        city=known["city"],
        country=known["country"].upper(),
        domain=known["domain"],
        birth_date=parse_partial_date(known["born"]) if known["born"] else None,
    )


def _show(found: Recognition, name: str) -> None:
    from crmkit.cli.output import pairs, print_block
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    if found.kind == "known":
        reasons = [reason.text for reason in found.reasons]
        rows = [
            (translated("Customer"), name),
            (translated("Id"), found.customer_id),
            (translated(wording("Because")), reasons),
        ]
        print_block(pairs(rows))
    elif found.kind == "candidates":
        print_block(candidate_table(found.candidates))
    else:
        say(msg("nobody like that is known"))


def candidate_table(candidates: tuple[Candidate, ...]) -> Any:
    """Return candidates as a table: how likely, who, and why."""
    from crmkit.cli.output import table

    headings = [translated("Score"), translated("Customer"), translated("Id"), translated(wording("Because"))]
    rows = [
        [f"{candidate.score:.2f}", candidate.name, candidate.customer_id, [reason.text for reason in candidate.reasons]]
        for candidate in candidates
    ]
    return table(headings, rows, right=[0])
