"""Endpoints: every address as data. The router, the checks of queries and the OpenAPI document are made from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message
from crmkit.hooks.web.routes import Method

if TYPE_CHECKING:
    from crmkit_web.serving.calls import Call

Kind = Literal["text", "integer", "boolean", "instant", "date", "id", "words"]
Shape = Literal["record", "page", "create", "patch"]
"""A document of the entity that the path names: a record, a page of records, what makes one, what changes one."""


@frozen
class Parameter:
    """A parameter of the query, or a header. ``words`` are separated by commas and give a tuple."""

    name: str
    summary: Message
    kind: Kind = "text"
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    max_length: int = 4_000
    pattern: str = ""
    """What a text has to look like, from its beginning (``^``) to its end (``$``); ``""``: anything."""
    entities: Callable[[Any], bool] | None = None
    """For which entities it means something, where its address has one; None: all."""


@frozen
class Endpoint:
    """One method of one address below ``/api/v1``.

    ``answer(call)`` runs in a thread, in the session of whoever asks, and returns a ``Reply``, or a document for a reply
    with ``status``. What it writes is committed before anybody hears of it.
    """

    id: str
    """Its operation in the OpenAPI document: a verb and a noun, as in ``list_records``."""
    method: Method
    path: str
    """As in ``/{entity}/{id}``; the part ``{entity}`` is the plural name of an entity."""
    answer: Callable[[Call], Any]
    summary: Message
    tag: str = "records"
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    body: Any = None
    """What it takes: a shape, an attrs class, a JSON Schema, or a list with one of these; None: nothing. Within a JSON
    Schema, ``{"shape": "patch"}`` stands for a document of the entity. A function of the site and the entity that returns
    one of these is called when a document is made."""
    returns: Any = None
    """What it answers, in the same words; None: nothing (204) unless ``media_type`` says otherwise."""
    status: int = 200
    others: Mapping[int, Any] = attrs.field(factory=dict)
    """Further statuses without error, each with what is answered."""
    refuses: tuple[int, ...] = ()
    """Further statuses of problems, beside those that endpoints of its kind have."""
    media_type: str = "application/json"
    """What it answers in."""
    takes: str = "application/json"
    """What its body is in."""
    public: bool = False
    """Whether it answers without log-in."""
    reads: bool = False
    """Whether its session only reads."""
    secret: bool = False
    """Whether it answers or takes a secret: the answer is not kept to be repeated for an ``Idempotency-Key``."""
    brief: bool = False
    """Whether it is over at once: then rights are looked at when it begins, and not again before each statement."""
    shares: bool = False
    """Whether it is so quick that requests which come at the same time share a transaction; it has to be ``brief``."""
    largest_body: int | None = None
    """The largest body in bytes, where it is another than the installation's."""
    uploads: bool = False
    """Whether its body is a file, or a form with one: then ``call.incoming.upload()`` has it, and ``body`` may be empty."""
    look: Callable[[Call], None] | None = None
    """What a large body has to pass before it is taken: raises for whoever may not send it. It only reads."""
    entities: Callable[[Any], bool] | None = None
    """Which entities ``{entity}`` may be; None: all that the API serves."""
