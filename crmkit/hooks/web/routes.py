"""Routes: a plugin's own addresses below ``/api/v1/<plugin>/``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Stability = Literal["stable", "experimental"]


@frozen
class File:
    """What a route answers that is no document: bytes with their media type and, for a download, a file name."""

    content: bytes
    media_type: str
    name: str = ""


@frozen
class RouteCall:
    """What a route's handler is given beside its context.

    ``path`` holds the parts of the address by name, ``query`` and ``body`` are instances of the classes that the route
    names (None where it names none), ``headers`` those of the request with names in lower case.
    """

    path: Mapping[str, str]
    query: Any = None
    body: Any = None
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)


@frozen
class Route:
    """One method of one address.

    ``handler`` is called as ``handler(ctx, RouteCall)`` in the session of whoever asks, and returns what its ``returns``
    says, a ``File``, or None. ``query``, ``body`` and ``returns`` are attrs classes (``returns`` also a list of one, as in
    ``list[Deal]``); what does not fit them is refused before the handler is called, with every error. A route whose
    ``body`` is ``File`` takes bytes of any media type.
    """

    id: str
    """Begins with the plugin's name, as in ``sfa.funnel``; programs know the route by it."""
    method: Method
    path: str
    """Below ``/api/v1/<plugin>/``, as in ``quotes/{id}/document``."""
    handler: Callable[[Any, RouteCall], Any]
    summary: Message
    query: type[Any] | None = None
    body: type[Any] | None = None
    returns: Any = None
    permission: str = ""
    """A permission that whoever asks has to have; beside it, the session narrows as always."""
    public: bool = False
    """Whether it answers without log-in; the handler then works with the rights of nobody."""
    reads: bool | None = None
    """Whether it only reads; by default, GET does."""
    stability: Stability = "stable"
    media_type: str = "application/octet-stream"
    """What a ``File`` that it returns is in."""
    replaces: str = ""
    """The id of another plugin's route that this one stands in for: it answers at that one's address, and is it to programs."""

    @property
    def only_reads(self) -> bool:
        """Whether its session refuses writes."""
        return self.method == "GET" if self.reads is None else self.reads
