"""``crmkit action``: what plugins let people do with records, with the options that each action asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import Argument, Command, Group, Option, argument, group, json_option
from crmkit.cli.words import translate, translated, wording

if TYPE_CHECKING:
    from crmkit.hooks.web.actions import Action
    from crmkit.runtime.extensions.described import InputField
    from crmkit.store.session import Session

_TAKEN = frozenset({"json", "yes", "db", "config", "as", "for", "lang", "trace", "verbose", "traceback", "help"})
"""Words of options that every action has; an input of this name gets ``--input-`` in front."""


@group("action", help=wording("Do what plugins offer beside editing records: the same actions as buttons and the API."))
def action() -> None:
    pass


@action.command("list", help=wording("List the actions that there are, and whether you may do them."))
@argument("entity", required=False, help=wording("Only those on records of this entity."))
@json_option
def list_(entity: str | None, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import entity_named, say, working
    from crmkit.core.messages import msg
    from crmkit.runtime.extensions.acting import offers

    with working(reads=True) as (crm, session):
        entities = {one.entity for one in crm.extensions.actions.values()}
        wanted = [entity_named(crm, entity).name] if entity else sorted(entities)
        found = [offer for name in wanted for offer in offers(crm, session, name)]
    if as_json:
        print_json([_document(offer.action, offer.why_not) for offer in found])
    elif not found:
        say(msg("there are no actions"))
    else:
        headings = [wording("Action"), wording("What it does"), wording("Works on"), wording("Asks for")]
        headings.append(wording("Not for you, because"))
        rows = [
            (one.action.id, one.action.label, one.action.entity, ", ".join(_names(one.action)), one.why_not)
            for one in found
        ]
        print_block(table([translated(heading) for heading in headings], rows))


class _Actions(Group):
    """One command for each action, made from its declaration when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_actions(ctx))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        found = _actions(ctx).get(name)
        return None if found is None else _command(found)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not ctx.resilient_parsing and not args[0].startswith("-") and args[0] not in _actions(ctx):
            from crmkit.core.errors import NotFound, did_you_mean
            from crmkit.core.messages import msg, shown

            hint = did_you_mean(args[0][:100], _actions(ctx))
            raise NotFound(msg("no action {name}; {hint}", name=repr(shown(args[0])), hint=hint))
        return super().resolve_command(ctx, args)


action.add_command(
    _Actions(
        "run",
        help=wording(
            "Do an action: its id, the records to do it with, and what it asks for as options.\n\n"
            "crmkit action run ID --help tells what one asks for."
        ),
        no_args_is_help=True,
        subcommand_metavar=wording("ID [RECORD]... [OPTIONS]"),
    )
)


def _actions(ctx: click.Context) -> Mapping[str, Action]:
    """Return the actions of the installation, asked for once in a run."""
    from crmkit.cli.running import assembled

    known: dict[str, Action] | None = ctx.meta.get("crmkit.actions")
    if known is None:
        with assembled() as crm:
            extensions = crm.extensions
            known = dict(extensions.actions)
            known |= {
                id: extensions.actions[now]
                for (kind, id) in extensions.stand_ins
                if kind == "actions" and (now := extensions.now("actions", id)) in known
            }
        ctx.meta["crmkit.actions"] = known
    return known


def _command(found: Action) -> click.Command:
    params: list[click.Parameter] = []
    if found.entity:
        count = -1 if found.bulk else 1
        help = wording("The record: its id or name.") if count == 1 else wording("The records: their ids or names.")
        params.append(Argument(["records"], nargs=count, required=True, metavar="RECORD", help=help))
    fields = _fields(found)
    params += [_option(field) for field in fields]
    if found.destructive:
        params.append(Option(["--yes", "_yes"], is_flag=True, help=wording("Do it without asking.")))
    as_json = wording("Print one JSON document: decimals as text, times in UTC.")
    params.append(Option(["--json", "_as_json"], is_flag=True, help=as_json))
    text = (found.help or found.label).render(translate())
    return Command(found.id, help=text, params=params, callback=lambda **given: _run(found, fields, given))


def _option(field: InputField) -> click.Parameter:
    from crmkit.cli.parameters import DAY, MONEY, NUMBER

    kinds: dict[str, Any] = {
        "integer": click.INT,
        "number": click.FLOAT,
        "decimal": NUMBER,
        "money": MONEY,
        "date": DAY,
    }
    word = field.name.replace("_", "-")
    if field.reference and word.endswith("-id"):
        word = word.removesuffix("-id")
    word = f"input-{word}" if word in _TAKEN else word
    help = (field.help or field.label).render(translate())
    if field.kind == "boolean" and not field.many:
        return Option([f"--{word}/--no-{word}", field.name], default=None, help=help)
    type_ = click.Choice(field.choices) if field.choices else kinds.get(field.kind, click.STRING)
    metavar = "JSON" if field.kind in ("object", "mapping", "any") else None
    return Option(
        [f"--{word}", field.name],
        type=type_,
        required=field.required,
        multiple=field.many,
        metavar=field.reference.upper() or metavar,
        help=help,
    )


def _run(found: Action, fields: Sequence[InputField], given: dict[str, Any]) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.runtime.extensions.acting import run_action

    as_json = given.pop("_as_json")
    named = given.pop("records", ())
    named = (named,) if isinstance(named, str) else named
    if found.destructive and not given.pop("_yes"):
        click.confirm(translated(wording("Do this?")), abort=True, err=True)
    with working(reads=found.reads) as (crm, session):
        ids = [_record(session, found.entity, text).id for text in named]
        wanted = {
            field.name: _value(session, field, given[field.name])
            for field in fields
            if given[field.name] is not None and given[field.name] != ()
        }
        result = run_action(crm, session, found, ids, wanted if found.input is not None else None)
        session.flush()
        shown = _shown(session, result)
    if as_json:
        print_json(shown)
    elif shown is None:
        say(msg("{action}: done", action=found.label))
    else:
        _print(shown)


def _record(session: Session, entity: str, text: str) -> Any:
    """Return the record that an id or its name stands for; a customer also by number or address."""
    from crmkit.cli.needles import named_record
    from crmkit.services.customer_view import find_customer

    if entity == "customer":
        return find_customer(session, text)
    return named_record(session, session.entity(entity), text)


def _value(session: Session, field: InputField, value: Any) -> Any:
    if field.many:
        return [_one(session, field, one) for one in value]
    return _one(session, field, value)


def _one(session: Session, field: InputField, value: Any) -> Any:
    if field.reference and field.kind == "id":
        return _reference(session, field.reference, value).id
    if field.kind in ("object", "mapping", "any"):
        from crmkit.core.errors import BadInput
        from crmkit.core.messages import msg

        try:
            return json.loads(value)
        except ValueError as error:
            raise BadInput(msg("--{name}: no JSON: {error}", name=field.name, error=str(error))) from None
    return value


def _reference(session: Session, entity: str, text: str) -> Any:
    if entity == "user":
        from crmkit.cli.named import user_named
        from crmkit.core.errors import BadInput
        from crmkit.core.values.ids import parse_id

        try:
            return session.get(session.entity(entity).cls, parse_id(text))
        except BadInput:
            return user_named(session, text)
    return _record(session, entity, text)


def _shown(session: Session, value: Any) -> Any:
    """Return a result with the records in it as the actor may see them."""
    import attrs

    from crmkit.core.entity import Part
    from crmkit.core.messages import Message
    from crmkit.core.values.money import Money

    if isinstance(value, Part):
        return session.shown(value)
    if isinstance(value, Mapping):
        return {str(name): _shown(session, one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(session, one) for one in value]
    if attrs.has(type(value)) and not isinstance(value, Message | Money):
        return {one.name: _shown(session, getattr(value, one.name)) for one in attrs.fields(type(value))}
    return value


def _print(shown: Any) -> None:
    from crmkit.cli.output import pairs, print_block, shown_value

    if isinstance(shown, Mapping):
        print_block(pairs([(str(name), value) for name, value in shown.items() if value not in (None, "", ())]))
    elif isinstance(shown, list):
        for one in shown:
            _print(one)
    else:
        click.echo(shown_value(shown))


def _document(found: Action, why_not: Any) -> dict[str, Any]:
    return {
        "id": found.id,
        "label": found.label,
        "help": found.help,
        "entity": found.entity,
        "available": found.available,
        "bulk": found.bulk,
        "destructive": found.destructive,
        "reads": found.reads,
        "allowed": why_not is None,
        "why_not": why_not,
        "asks": _names(found),
    }


def _names(found: Action) -> list[str]:
    return [field.name if field.required else f"[{field.name}]" for field in _fields(found)]


def _fields(found: Action) -> Sequence[InputField]:
    from crmkit.runtime.extensions.described import input_fields

    return () if found.input is None else input_fields(found.input)
