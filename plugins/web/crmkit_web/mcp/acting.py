"""Actions as tools: each that the caller may use, with the records to work on and its input as arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from crmkit.core.access import Scope
from crmkit.core.messages import Translate
from crmkit.hosting import forbidden, read_input, run_action
from crmkit_web.extensions.actions import body_of
from crmkit_web.extensions.results import told
from crmkit_web.mcp.schemas import input_schema
from crmkit_web.mcp.tools import Tool, Work

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.hooks.web.actions import Action
    from crmkit_web.serving.site import Site


def action_tools(site: Site) -> Iterator[Tool]:
    """Yield a tool for each action that plugins registered."""
    for _, action in sorted(site.crm.extensions.actions.items()):
        yield _tool(action)


def name_of(action: Action) -> str:
    """Return the name of an action's tool: many programs take letters, digits, ``_`` and ``-`` alone."""
    return action.id.replace(".", "__")


def usable(actor: Actor, action: Action) -> bool:
    """Tell whether an actor may use an action at all: its permission, and reading records that it works on."""
    if forbidden(actor, action) is not None:
        return False
    return not action.entity or actor.as_the_roles_say().scope(action.entity, "read") is not Scope.NONE


def _tool(action: Action) -> Tool:
    asked = body_of(action)

    def schema(translate: Translate | None) -> dict[str, Any]:
        return input_schema(asked, translate)

    def act(work: Work, arguments: Mapping[str, Any]) -> dict[str, Any]:
        given: Any = read_input(asked, arguments)
        ids, input = getattr(given, "ids", ()), getattr(given, "input", None)
        result = run_action(work.site.crm, work.session, action, ids, input)
        work.session.flush()
        return {"result": told(cast(Any, work), None if action.returns is None else result)}

    return Tool(
        name_of(action),
        action.label,
        action.help or action.label,
        schema,
        act,
        reads=action.reads,
        destructive=action.destructive,
        offered=lambda site, actor: usable(actor, action),
    )
