"""``crmkit db``: the database and its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmkit.cli.localized import group, json_option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.store.migration import SchemaState

STATES = {
    "empty": wording("empty: crmkit db create makes the tables"),
    "current": wording("current"),
    "outdated": wording("needs an upgrade: crmkit db upgrade"),
    "newer": wording("made by a newer crmkit"),
    "foreign": wording("has tables of other origin with our names"),
}
"""What each state of a schema means to people."""


@group("db", help=wording("Create, check and upgrade the database."))
def db() -> None:
    pass


@db.command("create", help=wording("Create the tables in an empty database."))
@json_option
def create(as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import opened, say
    from crmkit.core.messages import msg

    with opened(create=True, check=False) as crm:
        if not crm.database.in_memory:
            crm.create_schema()
        address = crm.database.engine.url.render_as_string(hide_password=True)
    if as_json:
        print_json({"database": address})
    else:
        say(msg("created {database}", database=address))


@db.command("status", help=wording("Show how the database stands to this installation."))
@json_option
def status(as_json: bool) -> None:
    from crmkit.cli.output import pairs, print_block, print_json
    from crmkit.cli.running import opened

    with opened(check=False) as crm:
        state = crm.schema_state()
        address = crm.database.engine.url.render_as_string(hide_password=True)
    if as_json:
        print_json({"database": address, **_document(state)})
        return
    rows = [
        (translated(wording("Database")), address),
        (translated(wording("State")), translated(STATES[state.state])),
        (translated(wording("Schema")), state.revision or ""),
        (translated(wording("Needed")), state.head),
        (translated(wording("Steps")), "\n".join(state.steps)),
    ]
    print_block(pairs(row for row in rows if row[1]))


@db.command("upgrade", help=wording("Bring the tables up to what this installation needs."))
@json_option
def upgrade(as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import opened, say
    from crmkit.core.messages import msg

    with opened(check=False) as crm:
        before = crm.upgrade_schema()
    if as_json:
        print_json(_document(before))
        return
    for step in before.steps:
        click.echo(step)
    if not before.steps:
        say(msg("nothing to do, the database is current"))


def _document(state: SchemaState) -> dict[str, object]:
    return {"state": state.state, "revision": state.revision, "needed": state.head, "steps": state.steps}
