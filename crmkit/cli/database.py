"""``crmkit db``: the database and its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translate, translated, wording

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

yes_option = option("--yes", is_flag=True, help=wording("Destroy what has to be destroyed without asking."))


@group("db", help=wording("Create, check, upgrade and downgrade the database."))
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


@db.command("status", help=wording("Show how the database stands to this installation and its plugins."))
@json_option
def status(as_json: bool) -> None:
    from crmkit.cli.output import pairs, print_block, print_json, table
    from crmkit.cli.running import opened
    from crmkit.cli.schema_pages import filling_lines, kept_lines, kept_rows, owner_rows, state_document
    from crmkit.store.migration import unwritten

    with opened(check=False) as crm:
        state = crm.schema_state()
        missing = unwritten(crm.database, crm.schema_owners)
        address = crm.database.engine.url.render_as_string(hide_password=True)
    if as_json:
        print_json({"database": address, **state_document(state), "unwritten": missing})
        return
    rows = [
        (translated(wording("Database")), address),
        (translated(wording("State")), _told(state)),
        (translated(wording("Steps")), "\n".join(state.steps)),
        (translated(wording("Filling")), "\n".join(filling_lines(state))),
        (translated(wording("No migration for")), "\n".join(missing)),
    ]
    print_block(pairs(row for row in rows if row[1]))
    headings = [wording("Tables of"), wording("State"), wording("Schema"), wording("Needed"), wording("Version")]
    print_block(table([translated(heading) for heading in headings], [*owner_rows(state), *kept_rows(state)]))
    for line in kept_lines(state):
        click.echo(line)


@db.command("upgrade", help=wording("Bring the tables up to what this installation and its plugins need."))
@yes_option
@option("--fill-later", is_flag=True, help=wording("Leave it to the worker to fill columns of custom fields."))
@json_option
def upgrade(yes: bool, fill_later: bool, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import opened, say
    from crmkit.cli.schema_pages import state_document, step_lines
    from crmkit.core.messages import msg
    from crmkit.store.migration import fill_columns, settle_columns, upgrade_schema

    with opened(check=False) as crm:
        before = upgrade_schema(crm.database, crm.schema_owners, lambda state: _agreed(state.destructive, yes))
        settle_columns(crm.database)
        filled = [] if fill_later else fill_columns(crm.database, None if as_json else _tell_progress)
    if as_json:
        print_json({**state_document(before), "filled": [f"{one.table}.{one.column}" for one in filled]})
        return
    for line in step_lines(before.plan):
        click.echo(line)
    if not before.steps and not filled:
        say(msg("nothing to do, the database is current"))


@db.command(
    "downgrade",
    help=wording("Bring the tables of the core or of a plugin back to an earlier revision."),
    # So that -1 is a revision.
    context_settings={"ignore_unknown_options": True},
)
@argument("name", help=wording('The plugin\'s name, or "core".'))
@argument("revision", help=wording('A revision, "base" for before the first one, or -1 for one back.'))
@yes_option
@json_option
def downgrade(name: str, revision: str, yes: bool, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import opened, say
    from crmkit.cli.schema_pages import step_document, step_lines
    from crmkit.core.messages import msg
    from crmkit.store.migration import downgrade_schema, downgrade_steps

    with opened(check=False) as crm:
        _agreed(
            [step for step in downgrade_steps(crm.database, crm.schema_owners, name, revision) if step.destructive], yes
        )
        steps = downgrade_schema(crm.database, crm.schema_owners, name, revision)
    if as_json:
        print_json({"owner": name, "steps": [step_document(step) for step in steps]})
        return
    for line in step_lines(steps):
        click.echo(line)
    if not steps:
        say(msg("nothing to do, {owner} is there already", owner=name))


@db.command("revision", help=wording("Write the next migration of a plugin from what its entities need."))
@argument("name", help=wording("The plugin's name."))
@option("-m", "--message", default="", help=wording("What it does, in a few words."))
@option("--revision", default="", help=wording("Its id; by default the next number."))
@option("--empty", is_flag=True, help=wording("Write one that does nothing yet, for changes of data."))
@json_option
def revision(name: str, message: str, revision: str, empty: bool, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import assembled, say
    from crmkit.core.messages import msg
    from crmkit.runtime.migration_folders import usual_folder
    from crmkit.store.migration.autogenerate import write_revision

    with assembled() as crm:
        plugin = crm.plugins.get(name)
        owner = next(one for one in crm.schema_owners if one.name == plugin.name)
        folder = plugin.migrations or usual_folder(plugin.plugin, plugin.manifest)
        file = write_revision(crm.registry, owner, folder, message, revision, empty=empty)
    if as_json:
        print_json({"plugin": name, "file": None if file is None else str(file)})
    elif file is None:
        say(msg("nothing to do, the migrations of {plugin} give what its entities need", plugin=name))
    else:
        click.echo(file)


def _agreed(steps: Any, yes: bool) -> bool:
    """Ask before anything is destroyed; raises click's Abort on a no, and where nobody can be asked."""
    if steps and not yes:
        for step in steps:
            click.echo(_destroys(step), err=True)
        click.confirm(translated(wording("Destroy this?")), abort=True, err=True)
    return True


def _destroys(step: Any) -> str:
    from crmkit.cli.schema_pages import step_line

    return "\n".join([step_line(step), *(f"    {detail}" for detail in step.details)])


def _tell_progress(moved: Any) -> None:
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    say(
        msg(
            "filling {table}.{column}: {done} of {total}",
            table=moved.table,
            column=moved.column,
            done=moved.done,
            total=moved.total,
        )
    )


def _told(state: SchemaState) -> str:
    from crmkit.store.migration import describe

    if state.state in ("newer", "foreign"):
        return str(describe(state).render(translate()))
    return translated(STATES[state.state])
