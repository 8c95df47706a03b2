"""Actions as addresses: what there is, what can be done with a record now, and doing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from crmkit.core.errors import NotFound, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg, shown
from crmkit.hooks.web.actions import Action
from crmkit.hosting import InputField, Offer, action_named, input_fields, offers, read_input, run_action
from crmkit_web.extensions.results import answered, reply_of, told
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@frozen(kw_only=True)
class AskedField:
    """One thing that an action or a report asks for. ``kind`` names what it is; an ``object`` has ``fields``."""

    name: str
    label: Message
    help: Message | None
    kind: str
    required: bool
    nullable: bool
    many: bool
    default: Any
    choices: tuple[Any, ...]
    reference: str
    minimum: Any
    maximum: Any
    max_length: int | None
    fields: tuple[AskedField, ...]


@frozen(kw_only=True)
class OfferedAction:
    """An action, whether whoever asks may do it now, and why not."""

    id: str
    label: Message
    help: Message | None
    entity: str
    bulk: bool
    destructive: bool
    reads: bool
    condition: str
    available: bool
    why_not: Message | None
    fields: tuple[AskedField, ...]


@frozen
class OfferedActions:
    """Actions in the order of their ids."""

    items: tuple[OfferedAction, ...]


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room: an address for each action, with the type of its input, and those for all."""
    yield Endpoint(
        "list_actions",
        "GET",
        "/actions",
        list_,
        msg("Return what can be done beside editing records."),
        tag="actions",
        query=(Parameter("entity", msg("Only those on records of this entity; its name.")),),
        returns=OfferedActions,
        reads=True,
    )
    extensions = site.crm.extensions
    for id, action in sorted(extensions.actions.items()):
        yield Endpoint(
            f"do.{id}",
            "POST",
            f"/actions/{id}",
            _do(action, body_of(action)),
            action.help or action.label,
            tag="actions",
            body=body_of(action),
            reads=action.reads,
            **answered(action.returns),
        )
    yield Endpoint(
        "do_action",
        "POST",
        "/actions/{action}",
        do_named,
        msg("Do an action by its id: also one that another one stands in for."),
        tag="actions",
        body={
            "type": "object",
            "properties": {
                "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}},
                "input": {"type": "object"},
            },
            "additionalProperties": False,
        },
        returns={},
        others={204: None},
    )
    concerned = {action.entity for action in extensions.actions.values()}
    yield Endpoint(
        "list_record_actions",
        "GET",
        "/{entity}/{id}/actions",
        list_of_record,
        msg("Return what can be done with a record, whether that is so now, and why not."),
        returns=OfferedActions,
        reads=True,
        entities=lambda info: info.name in concerned,
    )
    yield Endpoint(
        "do_record_action",
        "POST",
        "/{entity}/{id}/actions/{action}",
        do_with_record,
        msg("Do an action with a record. The body is what it asks for."),
        body={"type": "object"},
        returns={},
        others={204: None},
        entities=lambda info: info.name in concerned,
    )


def body_of(action: Action) -> type[Any]:
    """Return the class of what is sent to an action's address: ``ids`` of records, and its ``input``."""
    wanted: dict[str, Any] = {}
    if action.entity:
        lengths: Any = [attrs.validators.min_len(1), attrs.validators.max_len(1_000 if action.bulk else 1)]
        wanted["ids"] = attrs.field(type=list[UUID], validator=lengths, metadata={"reference": action.entity})
    if action.input is not None:
        needed = any(field.required for field in input_fields(action.input))
        default: Any = {} if needed else {"factory": action.input}
        wanted["input"] = attrs.field(type=action.input, **default)
    name = "".join(word.capitalize() for word in action.id.replace(".", "_").split("_"))
    return attrs.make_class(f"{name}Action", wanted, frozen=True, slots=True, kw_only=True)


def _do(action: Action, body: type[Any]) -> Callable[[Call], Reply]:
    return partial(do, action, body)


def do(action: Action, body: type[Any], call: Call) -> Reply:
    """Do an action with the records and the input that the body names."""
    asked: Any = read_input(body, call.document())
    result = run_action(call.crm, call.session, action, getattr(asked, "ids", ()), getattr(asked, "input", None))
    return reply_of(call, None if action.returns is None else result)


def do_named(call: Call) -> Reply:
    """Do the action that the address names."""
    action = action_named(call.crm, call.path["action"])
    return do(action, body_of(action), call)


def do_with_record(call: Call) -> Reply:
    """Do the action that the address names with the record that it names; the body is the action's input."""
    info, action = call.entity, action_named(call.crm, call.path["action"])
    if action.entity != info.name:
        known = [one.id for one in call.crm.extensions.actions_on(info.name)]
        hint = did_you_mean(action.id, known)
        raise NotFound(msg("no action {name}; {hint}", name=repr(shown(action.id)), hint=hint))
    given = call.mapping()
    asked = read_input(action.input, given) if action.input is not None else given
    result = run_action(call.crm, call.session, action, [call.path["id"]], asked)
    return reply_of(call, None if action.returns is None else result)


def list_(call: Call) -> Any:
    """Answer the actions that there are."""
    entities = sorted({action.entity for action in call.crm.extensions.actions.values()})
    wanted = call.query["entity"]
    found = [one for entity in entities for one in offers(call.crm, call.session, entity)]
    return told(
        call, OfferedActions(tuple(_offered(one) for one in found if wanted is None or one.action.entity == wanted))
    )


def list_of_record(call: Call) -> Any:
    """Answer the actions on a record."""
    info = call.entity
    record = call.session.get(info.cls, call.path["id"])
    return told(call, OfferedActions(tuple(_offered(one) for one in offers(call.crm, call.session, info.name, record))))


def _offered(one: Offer) -> OfferedAction:
    action = one.action
    return OfferedAction(
        id=action.id,
        label=action.label,
        help=action.help,
        entity=action.entity,
        bulk=action.bulk,
        destructive=action.destructive,
        reads=action.reads,
        condition=action.available,
        available=one.available,
        why_not=one.why_not,
        fields=asked_fields(action.input),
    )


def asked_fields(cls: type[Any] | None) -> tuple[AskedField, ...]:
    """Return what a class of input asks for, as a document."""
    return () if cls is None else tuple(_asked(field) for field in input_fields(cls))


def _asked(field: InputField) -> AskedField:
    return AskedField(
        name=field.name,
        label=field.label,
        help=field.help,
        kind=field.kind,
        required=field.required,
        nullable=field.nullable,
        many=field.many,
        default=field.default,
        choices=field.choices,
        reference=field.reference,
        minimum=field.minimum,
        maximum=field.maximum,
        max_length=field.max_length,
        fields=tuple(_asked(one) for one in field.fields),
    )
