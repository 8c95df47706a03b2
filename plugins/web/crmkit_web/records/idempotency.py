"""Idempotency keys (IETF draft httpapi-idempotency-key-header): a request that is sent again has one effect.

The answer is stored in the transaction of the effect, and erased with the persons in it. It is kept for ``KEPT``.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import msgspec

from crmkit.core.errors import Conflict
from crmkit.core.messages import msg
from crmkit_web.records.turns import Turns
from crmkit_web.serving.calls import Call, Incoming, Reply
from crmkit_web.serving.endpoints import Parameter
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.hosting import StoredResponse
    from crmkit_web.serving.site import Site

IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    msg("A new random text for each request; the same request sent again with it is answered as before."),
    max_length=255,
)

KEPT = timedelta(hours=24)
PATIENCE = 10.0
"""Seconds that a request waits for one with the same key that is being answered."""

TURN = "idempotency"
"""The word by which those who answer a request with a key take turns, in all processes."""

_PREFIX = "web:"
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_PLAIN = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x7e]+")
_PRUNED_EVERY = timedelta(hours=1)
_REPLAYED = {"idempotency-replayed": "true"}


class _Known:
    """The turns of one server, and when it last forgot what is too old."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.pruned: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to forget what is too old."""
        return self.pruned is None or now - self.pruned >= _PRUNED_EVERY


_SITES: WeakKeyDictionary[Site, _Known] = WeakKeyDictionary()


def repeatable(incoming: Incoming) -> bool:
    """Whether a request has a key that means something: not where nothing is written, nobody is logged in, or with secrets."""
    endpoint = incoming.endpoint
    return "idempotency-key" in incoming.headers and not (endpoint.reads or endpoint.public or endpoint.secret)


@contextmanager
def in_turn(site: Site, incoming: Incoming, actor: Actor) -> Iterator[None]:
    """Within, nobody else in this process answers a request with the same key of the same user.

    It goes around the session of the request, so that those who wait hold no connection, and see what was committed.
    Raises Problem 409 for one that has waited for ``PATIENCE``, and 400 for a key that is none.
    """
    with _known(site).turns.taken(_name(incoming, actor), PATIENCE) as taken:
        if not taken:
            raise _in_flight()
        yield


def answered_once(call: Call, answer: Callable[[Call], Reply]) -> Reply:
    """Return the answer of the request with this key, made now or before; raises Problem 422 for another request."""
    name = _name(call.incoming, call.actor)
    services = call.ctx.services
    try:
        # Other processes take turns too.
        services.take_turns(TURN, name, patience=PATIENCE)
    except Conflict:
        raise _in_flight() from None
    now = call.ctx.clock.now()
    stored = services.stored_response(name)
    if is_too_old(stored, now):
        services.forget_responses(name, now - KEPT)
        stored = None
    reply = once(call, answer, name, stored)
    known = _known(call.site)
    if known.is_due(now):
        known.pruned = now
        services.forget_responses(_PREFIX, now - KEPT)
    return reply


def once(call: Call, answer: Callable[[Call], Reply], name: str, stored: StoredResponse | None) -> Reply:
    """Return what is stored under a key, else the answer, which is stored; raises Problem where they do not fit."""
    fingerprint = _fingerprint(call.incoming)
    if stored is None:
        reply = answer(call)
        call.ctx.services.store_response(name, fingerprint, _kept(reply))
        return reply
    if stored.erased:
        raise Problem(409, "answer_erased", msg("this was carried out before; what it answered was erased since"))
    if stored.fingerprint != fingerprint:
        raise Problem(422, "key_reused", msg("this idempotency key was sent before with another request"))
    return _replayed(stored.result)


def is_too_old(stored: StoredResponse | None, now: datetime) -> bool:
    """Whether what is stored counts no more: the key is as good as new."""
    return stored is not None and stored.created_at < now - KEPT


@contextmanager
def in_group(site: Site, requests: Mapping[int, tuple[Incoming, Actor]]) -> Iterator[dict[int, str]]:
    """Give the names of the keys of requests, by their places; within, nobody else in this process answers these.

    Requests that have to wait for another one are not among them, nor those whose key is none; and when it is time to
    forget old ones, one is left out that will do it. They are answered alone.
    """
    known = _known(site)
    places = list(requests)
    if places and known.is_due(site.crm.clock.now()):
        places = places[1:]
    with ExitStack() as held:
        names: dict[int, str] = {}
        for place in places:
            with suppress(Problem):
                name = _name(*requests[place])
                if held.enter_context(known.turns.taken(name, 0)):
                    names[place] = name
        yield names


def _name(incoming: Incoming, actor: Actor) -> str:
    """Return the name under which a key is stored: each user has keys of its own, and none stands there as it is."""
    text = incoming.headers["idempotency-key"].strip()
    quoted = _QUOTED.fullmatch(text)
    key = re.sub(r'\\(["\\])', r"\1", quoted[1]) if quoted else text if _PLAIN.fullmatch(text) else ""
    if not key or len(key) > 255:
        raise Problem(
            400, "bad_header", msg("Idempotency-Key takes a text in quotes of 1 to {count} characters", count=255)
        )
    whose = f"{actor.user_id or actor.name}/{actor.acting_id or ''}"
    return _PREFIX + hashlib.sha256(f"{whose}\0{key}".encode()).hexdigest()


def _fingerprint(incoming: Incoming) -> str:
    """Return a digest of what the request asks for: it has to be the same when it is sent again."""
    made = hashlib.sha256()
    for part in (incoming.endpoint.method, incoming.url_path, incoming.query_text):
        made.update(part.encode("utf-8", "surrogatepass") + b"\0")
    made.update((incoming.headers.get("if-match", "")).encode("latin-1", "replace") + b"\0")
    made.update(incoming.body)
    if incoming.file is not None:
        file = incoming.upload()
        while piece := file.read(1 << 20):
            made.update(piece)
    return made.hexdigest()


def _kept(reply: Reply) -> str:
    """Return what is stored of a reply, as JSON. JSON is kept as such: an erasure looks into it."""
    kept: dict[str, Any] = {"status": reply.status, "media_type": reply.media_type}
    kept["headers"] = {name: text for name, text in reply.headers.items() if name != "set-cookie"}
    content = reply.content or b""
    if content and reply.media_type.endswith("json"):
        kept["document"] = msgspec.Raw(content)
    elif content:
        kept["content"] = b64encode(content).decode()
    return msgspec.json.encode(kept).decode()


class _Kept(msgspec.Struct):
    status: int
    media_type: str
    headers: dict[str, str] = {}
    document: msgspec.Raw = msgspec.Raw()
    content: str = ""


def _replayed(text: str) -> Reply:
    kept = msgspec.json.decode(text, type=_Kept)
    content = bytes(kept.document) or b64decode(kept.content)
    return Reply(None, kept.status, {**kept.headers, **_REPLAYED}, content, kept.media_type)


def _in_flight() -> Problem:
    return Problem(
        409, "in_flight", msg("a request with this idempotency key is being answered; try again"), {"retry-after": "1"}
    )


def _known(site: Site) -> _Known:
    return _SITES.setdefault(site, _Known())
