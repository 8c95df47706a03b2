"""Answering a request in one thread: who asks, a session, the handler, the commit, the reply's bytes."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, BinaryIO

import attrs

from crmkit.core.values.ids import new_id
from crmkit.hosting import faults_translated, known_language, translator
from crmkit_web.documents.plain import encoded
from crmkit_web.login.door import admitted
from crmkit_web.records.conditional import conditional
from crmkit_web.records.idempotency import answered_once, in_turn, repeatable
from crmkit_web.serving.calls import Call, Incoming, Reply, entity_asked
from crmkit_web.serving.packing import packed
from crmkit_web.serving.problems import MEDIA_TYPE, problem_of
from crmkit_web.serving.queries import read_query

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.core.messages import Translate
    from crmkit_web.serving.site import Site

log = logging.getLogger("crmkit.web")

_ANY_TIME: AbstractContextManager[None] = nullcontext()


@attrs.frozen(eq=False)
class Asked:
    """A request that is let in: who asks, in which language, what of, and the headers that tell how much is left."""

    incoming: Incoming
    actor: Actor
    translate: Translate
    query: Mapping[str, Any]
    left: Mapping[str, str]

    def call(self, site: Site, session: Any, actor: Actor) -> Call:
        return Call(site, self.incoming, actor, session, self.query, self.translate)

    @property
    def asker(self) -> Hashable:
        """By whom requests are counted: a user, or an address without log-in."""
        return asker_of(self.incoming, self.actor)

    def having(self, body: bytes, file: BinaryIO | None = None) -> Asked:
        """Return the request with a body that was taken after its sender was let in."""
        return attrs.evolve(self, incoming=attrs.evolve(self.incoming, body=body, file=file))

    def replied(self, reply: Reply) -> Reply:
        return packed(self.incoming, conditional(self.incoming, reply.with_headers(self.left)))


def answer(site: Site, incoming: Incoming) -> Reply:
    """Answer a request; whatever goes wrong is answered as a problem, and nothing is half-written."""
    asked = let_in(site, incoming)
    return asked if isinstance(asked, Reply) else answer_admitted(site, asked)


def look_first(site: Site, incoming: Incoming) -> Asked | Reply:
    """Return a request whose body is not there yet with who asks; the reply to one that is refused in any case."""
    asked = let_in(site, incoming)
    look = incoming.endpoint.look
    if isinstance(asked, Reply) or look is None:
        return asked
    try:
        with faults_translated(), site.crm.session(asked.actor, reads=True) as session:
            asked = _current(site, asked, session)
            look(asked.call(site, session, asked.actor))
        return asked
    except Exception as error:
        return told(error, asked.translate)


def answer_admitted(site: Site, asked: Asked, *, in_turn_already: bool = False) -> Reply:
    """Answer a request that was let in, with its body there, in a transaction of its own.

    ``in_turn_already``: nobody else in this process answers one with its key.
    """
    incoming, actor = asked.incoming, asked.actor
    endpoint = incoming.endpoint
    has_key = repeatable(incoming)
    try:
        turn = in_turn(site, incoming, actor) if has_key and not in_turn_already else _ANY_TIME
        with faults_translated(), turn, site.crm.session(actor, reads=endpoint.reads) as session:
            actor = _current(site, asked, session).actor
            session.brief = endpoint.brief
            call = asked.call(site, session, actor)
            reply = answered_once(call, finished) if has_key else finished(call)
        return asked.replied(reply)
    except Exception as error:
        return told(error, asked.translate)


def told(error: BaseException, translate: Translate) -> Reply:
    """Return the reply that tells of an error; a defect is logged with the number that the reply shows."""
    instance = f"/problems/{new_id()}"
    status, document, headers = problem_of(error, translate, instance)
    if status >= 500 and document["code"] in ("defect", "plugin_error"):
        log.error("request failed: %s", instance, exc_info=error)
    return Reply(None, status, headers, encoded(document), MEDIA_TYPE)


def let_in(site: Site, incoming: Incoming) -> Asked | Reply:
    """Return a request with who asks; the reply to one that is not let in."""
    wanted = language_of(incoming.headers.get("accept-language", ""))
    translate = translator(wanted or site.crm.config.language or "en")
    crm, endpoint = site.crm, incoming.endpoint
    try:
        actor = crm.system if endpoint.public else admitted(site, incoming)
        if wanted is None and not endpoint.public:
            translate = translator(actor.language)
        left = site.limits.spend(asker_of(incoming, actor), crm.clock.now().timestamp())
        if endpoint.entities is not None:
            # Whether there is such an address at all comes before what is asked of it.
            entity_asked(site, incoming)
        return Asked(incoming, actor, translate, read_query(endpoint, incoming.query_text), left)
    except Exception as error:
        return told(error, translate)


def _current(site: Site, asked: Asked, session: Any) -> Asked:
    """Return who asks with the rights of now: as whom the session acts from here on."""
    actor = asked.actor
    if actor.rights_version is None or session.rights_version() == actor.rights_version:
        return asked
    # Somebody's rights were changed, or a log-in was taken back: nothing that is remembered counts any more.
    session.actor = admitted(site, asked.incoming, fresh=True)
    return attrs.evolve(asked, actor=session.actor)


def finished(call: Call) -> Reply:
    """Return the reply of a call with its bytes: what cannot be told is not kept either."""
    endpoint = call.incoming.endpoint
    found: Any = endpoint.answer(call)
    call.session.flush()
    reply = found if isinstance(found, Reply) else Reply(found, endpoint.status)
    content = reply.content
    if content is None:
        content = b"" if reply.document is None else encoded(reply.document, call.translate)
    return Reply(None, reply.status, reply.headers, content, reply.media_type)


def asker_of(incoming: Incoming, actor: Actor) -> Hashable:
    """Return by whom requests are counted."""
    return incoming.address if incoming.endpoint.public else (actor.tenant_id, actor.user_id)


def language_of(accepted: str) -> str | None:
    """Return the first language of an ``Accept-Language`` header that there is, by its weights."""
    if not accepted:
        return None
    weighted = []
    for at, part in enumerate(accepted.split(",")[:20]):
        name, _, weight = part.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), at, name))
        except ValueError:
            continue
    return next((code for _, _, name in sorted(weighted) if (code := known_language(name))), None)
