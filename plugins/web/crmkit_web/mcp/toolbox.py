"""The tools of one site: which an actor is shown, and calling one, all of it in one thread and one session."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from crmkit.core.errors import did_you_mean
from crmkit.core.messages import msg
from crmkit.core.values.ids import new_id
from crmkit_web.documents.plain import encoded, plain
from crmkit_web.mcp.acting import action_tools
from crmkit_web.mcp.describing import described, listed
from crmkit_web.mcp.general import entity_named, general_tools
from crmkit_web.mcp.tools import LARGEST_ANSWER, Caller, Tool, Work, readable
from crmkit_web.serving.problems import Problem, problem_of

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.core.messages import Translate
    from crmkit_web.serving.site import Site

log = logging.getLogger("crmkit.web")


@attrs.frozen
class Answer:
    """What a tool answered, as JSON in UTF-8; ``failed``: it is a problem (RFC 9457)."""

    content: bytes
    failed: bool = False


class Toolbox:
    """The tools of a site, by name."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.tools: Mapping[str, Tool] = {tool.name: tool for tool in (*general_tools(), *action_tools(site))}

    def offered(self, actor: Actor) -> list[Tool]:
        """Return the tools that an actor may use, always in one order."""
        return [tool for tool in self.tools.values() if tool.offered(self.site, actor)]

    def tool(self, name: str, actor: Actor) -> Tool:
        """Return a tool by name; raises Problem 404 with the closest that the actor may use."""
        found = self.tools.get(name)
        if found is None:
            known = [tool.name for tool in self.offered(actor)]
            raise Problem(
                404,
                "no_such_tool",
                msg("no tool {name}; {hint}", name=name[:100], hint=did_you_mean(name[:100], known)),
            )
        return found

    def call(self, tool: Tool, arguments: Mapping[str, Any], caller: Caller) -> Answer:
        """Run a tool in a session of the caller, and commit; whatever goes wrong is answered, and nothing is kept."""
        try:
            with self.site.crm.session(caller.actor, reads=tool.reads) as session:
                found = tool.run(Work(self.site, session, caller.translate), arguments)
                session.flush()
                return Answer(_bounded(encoded(plain(found, caller.translate))))
        except Exception as error:
            return problem(error, caller.translate)

    def entities(self, caller: Caller) -> Mapping[str, str]:
        """Return the entities that a caller may read: their labels by name."""
        found = readable(self.site, caller.actor).values()
        return {info.name: caller.translate(info.label) for info in found}

    def description(self, name: str, caller: Caller) -> bytes:
        """Return what an entity is made of (empty name: which there are) as JSON; raises crmkit's errors."""
        with self.site.crm.session(caller.actor, reads=True) as session:
            work = Work(self.site, session, caller.translate)
            found = described(work, entity_named(work, name)) if name else listed(work)
            return encoded(plain(found, caller.translate))


def problem(error: Exception, translate: Translate) -> Answer:
    """Return what tells of an error, as the API would; a defect is logged under the number that is told."""
    instance = f"/problems/{new_id()}"
    _, document, _ = problem_of(error, translate, instance)
    if document["code"] in ("defect", "plugin_error"):
        log.error("tool failed: %s", instance, exc_info=error)
    return Answer(encoded(document), failed=True)


def _bounded(content: bytes) -> bytes:
    if len(content) > LARGEST_ANSWER:
        raise Problem(
            413,
            "answer_too_large",
            msg(
                "the answer has {count} bytes, more than {most}; ask for fewer records or fields",
                count=len(content),
                most=LARGEST_ANSWER,
            ),
        )
    return content
