"""Tools as data: what the protocol lists, and what runs in one session of the caller when one is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, Translate

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.core.entity import EntityInfo
    from crmkit.plugin import Context
    from crmkit_web.serving.site import Site


@frozen(eq=False)
class Caller:
    """Who asks, and in which language."""

    actor: Actor
    translate: Translate


LARGEST_ANSWER = 200_000
"""The largest answer of a tool in bytes: what a model is given has to fit into what it can read."""


@frozen(eq=False)
class Work:
    """A tool at work: the site, the one session of the call, and the language of whoever asks."""

    site: Site
    session: Any
    translate: Translate

    @property
    def actor(self) -> Actor:
        """Who asks."""
        found: Actor = self.session.actor
        return found

    @property
    def ctx(self) -> Context:
        """The web plugin's context: use cases, clock, settings."""
        return self.site.crm.context(self.session, "web")


@frozen(eq=False)
class Tool:
    """Something that a model can do. ``run(work, arguments)`` returns a document, a JSON object."""

    name: str
    title: Message
    summary: Message
    schema: Callable[[Translate | None], dict[str, Any]]
    """The JSON Schema of its arguments, in a language."""
    run: Callable[[Work, Mapping[str, Any]], Any]
    reads: bool = True
    """Whether its session refuses writes."""
    destructive: bool = False
    offered: Callable[[Site, Actor], bool] = lambda site, actor: True
    """Whether an actor is shown it. What it then does, the session narrows as always."""


def readable(site: Site, actor: Actor) -> dict[str, EntityInfo]:
    """Return the entities that an actor may read any records of, by name."""
    from crmkit.core.access import Scope

    infos = sorted(site.entities.values(), key=lambda info: info.name)
    return {info.name: info for info in infos if actor.scope(info.name, "read") is not Scope.NONE}
