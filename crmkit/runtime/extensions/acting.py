"""Doing an action: the same checks for a button, an API call, a tool of a model and a command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from crmkit.core.errors import AccessDenied, BadInput, NotFound, Refused, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg, shown
from crmkit.core.values.ids import parse_id
from crmkit.hooks.web.actions import Action, ActionCall
from crmkit.runtime.extensions.inputs import read_input

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.runtime.context import Context
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session

MOST = 1_000
"""Records that one call may name; more go as a job over a filter."""


@frozen
class Offer:
    """An action for a record, or for none: whether somebody may do it now, and why not."""

    action: Action
    why_not: Message | None = None

    @property
    def available(self) -> bool:
        """Whether it can be done now."""
        return self.why_not is None


def action_named(crm: Crm, id: str) -> Action:
    """Return an action by its id, or what stands in for it; raises NotFound with the closest one."""
    extensions = crm.extensions
    found = extensions.actions.get(extensions.now("actions", id))
    if found is None:
        hint = did_you_mean(id[:100], extensions.actions)
        raise NotFound(msg("no action {name}; {hint}", name=repr(shown(id)), hint=hint))
    return found


def offers(crm: Crm, session: Session, entity: str = "", record: Any = None) -> list[Offer]:
    """Return the actions on records of an entity (empty: those on none), each with why it cannot be done now.

    Of a ``record``, what it is like counts too. One query for each condition that actions have.
    """
    found: list[Offer] = []
    fits: dict[str, bool] = {}
    for action in crm.extensions.actions_on(entity):
        why_not = forbidden(session.actor, action)
        if why_not is None and record is not None and action.available:
            if action.available not in fits:
                fits[action.available] = bool(session.list(type(record), action.available, id=[record.id]))
            if not fits[action.available]:
                why_not = _unavailable(action, record.id)
        found.append(Offer(action, why_not))
    return found


def forbidden(actor: Actor, action: Any) -> Message | None:
    """Return why an actor may not use an action or another extension with a ``permission``; None when it may.

    A ceiling that names an action leaves room for all that the action takes.
    """
    if isinstance(action, Action) and actor.ceiling is not None:
        if not actor.permits(f"action:{action.id}", "run"):
            return msg("{actor} may not {right} here: the log-in is for less", actor=actor.name, right=action.label)
        actor = actor.as_the_roles_say()
    if not action.permission or actor.has_permission(action.permission):
        return None
    return msg(
        "{actor} may not {right}: it takes the permission {permission}",
        actor=actor.name,
        right=getattr(action, "label", None) or action.summary,
        permission=action.permission,
    )


def run_action(crm: Crm, session: Session, action: Action, ids: Sequence[UUID | str] = (), input: Any = None) -> Any:
    """Do ``action`` with the records of these ids, in ``session``, and return what its handler returns.

    ``input`` is an instance of the action's input class, or the mapping of one as JSON has it. What the action writes is
    noted as its plugin's, on behalf of whoever asks. Raises AccessDenied without its permission, NotFound for a record
    that is not there or may not be seen, BadInput for too few or too many, ValidationFailed for wrong input, Refused for
    records that it is not available for, and what the handler raises.
    """
    why_not = forbidden(session.actor, action)
    if why_not is not None:
        raise AccessDenied(why_not)
    # From here on the ceiling of whoever asks is met: what the action does, it does with the rights of the roles.
    with session.acting_as(session.actor.as_the_roles_say()):
        call = ActionCall(_records(session, action, ids), _input(action, input))
        with extension_context(crm, session, action.id) as ctx:
            return action.handler(ctx, call)


@contextmanager
def extension_context(crm: Crm, session: Session, id: str) -> Iterator[Context]:
    """Give the context of the plugin that an extension is of; what is written within is noted as done by it, there."""
    plugin = crm.extensions.plugins[id]
    cause = session.cause
    with session.acting_as(session.actor.for_plugin(plugin)):
        session.cause = attrs.evolve(cause, hook=id)
        try:
            yield crm.context(session, plugin)
            session.flush()
        finally:
            session.cause = cause


def _input(action: Action, given: Any) -> Any:
    if action.input is None:
        if given:
            raise BadInput(msg("{action} asks for nothing", action=action.id))
        return None
    return read_input(action.input, {} if given is None else given)


def _records(session: Session, action: Action, ids: Sequence[UUID | str]) -> tuple[Any, ...]:
    if not action.entity:
        if ids:
            raise BadInput(msg("{action} works on no records", action=action.id))
        return ()
    if len(ids) > MOST:
        raise BadInput(
            msg(
                "{action}: at most {most} records at once; {count} were named",
                action=action.id,
                most=MOST,
                count=len(ids),
            )
        )
    wanted = list(dict.fromkeys(parse_id(id) for id in ids))
    if not wanted or (len(wanted) > 1 and not action.bulk):
        raise BadInput(
            msg(
                "{action} works on one {entity}; {count} were named",
                action=action.id,
                entity=action.entity,
                count=len(wanted),
            )
        )
    cls = session.entity(action.entity).cls
    found = {one.id: one for one in session.list(cls, id=wanted)}
    missing = [str(id) for id in wanted if id not in found]
    if missing:
        raise NotFound(msg("no {entity} with id {id}", entity=action.entity, id=", ".join(missing[:5])))
    if action.available:
        fit = {one.id for one in session.list(cls, action.available, id=wanted)}
        plugin = action.id.partition(".")[0]
        refused = [(plugin, _unavailable(action, id), id) for id in wanted if id not in fit]
        if refused:
            raise Refused(plugin, refused[0][1], refused)
    return tuple(found[id] for id in wanted)


def _unavailable(action: Action, id: UUID) -> Message:
    return msg(
        "{action} is available where {filter}; {id} is not so", action=action.id, filter=action.available, id=str(id)
    )
