"""Actions: what people can do with records beside editing them. Declared once; API, MCP and command line offer them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message


@frozen
class ActionCall:
    """What an action's handler is given: the ``records`` it is to work on, and ``input`` as its class has it."""

    records: tuple[Any, ...] = ()
    input: Any = None


@frozen
class Action:
    """Something to do, as a button, a command, an API call or a tool has it.

    ``handler`` is called as ``handler(ctx, ActionCall)`` in the session of whoever asks, once for all records, and
    returns an instance of ``returns`` (or None). It raises errors of crmkit, and nothing of it is kept then.
    """

    id: str
    """Begins with the plugin's name, as in ``sfa.convert_lead``."""
    label: Message
    handler: Callable[[Any, ActionCall], Any]
    help: Message | None = None
    """One sentence on what it does, for people and for programs that choose among tools."""
    entity: str = ""
    """The entity that it works on; empty: on none."""
    input: type[Any] | None = None
    """An attrs class of what is asked for; its attributes become fields of a form, options and parameters."""
    returns: Any = None
    permission: str = ""
    """A permission that it takes; beside it, the session narrows as always."""
    available: str = ""
    """A filter on the records that it can be done with, as in ``status = open``; empty: all."""
    bulk: bool = False
    """Whether it may be done with many records at once."""
    destructive: bool = False
    """Whether it takes something away that is hard to bring back: people are asked first."""
    reads: bool = False
    """Whether it changes nothing."""
    replaces: str = ""
    """The id of another plugin's action that this one stands in for."""
