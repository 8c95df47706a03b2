"""``crmkit personal-data export``: everything that is held on a person."""

from __future__ import annotations

from pathlib import Path

import click

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.words import translated, wording
from crmkit.core.messages import Message


@command("export", help=wording("Write everything that is held on a customer to a folder, an archive or a JSON file."))
@argument("customer", help=wording("Its name, id, number in another system or mail address."))
@option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help=wording("A new folder, or a file that ends in .zip or .json."),
)
@option("--history", is_flag=True, help=wording("With who changed what and when."))
@json_option
def export(customer: str, output: Path | None, history: bool, as_json: bool) -> None:
    from crmkit.cli.erasing import person
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import say, working
    from crmkit.cli.words import translate
    from crmkit.core.messages import msg
    from crmkit.services.personal_data import export_person, write_export

    with working(reads=True) as (crm, session):
        found = export_person(session, person(session, customer), history=history)
        lost: tuple[Message, ...] = ()
        if output is not None:
            tenant = session.actor.tenant_id
            lost = write_export(found, output, lambda digest: crm.attachments.contents.get(tenant, digest), translate())
    if as_json:
        print_json({"export": found, "complete": found.complete, "missing": [*found.missing, *lost]})
    elif output is None:
        headings = (wording("Data"), wording("Records"), wording("Withheld"))
        rows = [(translated(s.label), len(s.records), s.withheld or "") for s in found.sections]
        print_block(table([translated(heading) for heading in headings], rows, title=found.name, right=(1, 2)))
    for message in (*found.missing, *lost):
        say(msg("missing: {what}", what=message))
    if output is not None:
        say(msg("what is held on {name} is written to {path}", name=found.name, path=str(output)))
