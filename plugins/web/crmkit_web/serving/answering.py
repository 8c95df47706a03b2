"""Answering one request, all of it in one thread: who asks, one session, the handler, the commit, the reply's bytes."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from crmkit.core.values.ids import new_id
from crmkit.hosting import faults_translated, known_language, translator
from crmkit_web.documents.plain import encoded
from crmkit_web.login.door import admitted
from crmkit_web.records.conditional import conditional
from crmkit_web.records.idempotency import answered_once, in_turn
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


def answer(site: Site, incoming: Incoming) -> Reply:
    """Answer a request; whatever goes wrong is answered as a problem, and nothing is half-written."""
    asked = language_of(incoming.headers.get("accept-language", ""))
    translate = translator(asked or site.crm.config.language or "en")
    try:
        public = incoming.endpoint.public
        actor = site.crm.system if public else admitted(site, incoming)
        if asked is None and not public:
            translate = translator(actor.language)
        return _answered(site, incoming, actor, translate)
    except Exception as error:
        return told(error, translate)


def told(error: BaseException, translate: Translate) -> Reply:
    """Return the reply that tells of an error; a defect is logged with the number that the reply shows."""
    instance = f"/problems/{new_id()}"
    status, document, headers = problem_of(error, translate, instance)
    if status >= 500 and document["code"] in ("defect", "plugin_error"):
        log.error("request failed: %s", instance, exc_info=error)
    return Reply(None, status, headers, encoded(document), MEDIA_TYPE)


def _answered(site: Site, incoming: Incoming, actor: Actor, translate: Translate) -> Reply:
    crm, endpoint = site.crm, incoming.endpoint
    asker = incoming.address if endpoint.public else (actor.tenant_id, actor.user_id)
    left = site.limits.spend(asker, crm.clock.now().timestamp())
    if endpoint.entities is not None:
        # Whether there is such an address at all comes before what is asked of it.
        entity_asked(site, incoming)
    query = read_query(endpoint, incoming.query_text)
    repeatable = "idempotency-key" in incoming.headers and not endpoint.secret
    turn = in_turn(site, incoming, actor) if repeatable else _ANY_TIME
    with faults_translated(), turn, crm.session(actor, reads=endpoint.reads) as session:
        if actor.rights_version is not None and session.rights_version() != actor.rights_version:
            # Somebody's rights were changed, or a log-in was taken back: nothing that is remembered counts any more.
            actor = session.actor = admitted(site, incoming, fresh=True)
        session.brief = endpoint.brief
        call = Call(site, incoming, actor, session, query, translate)
        reply = answered_once(call, _finished) if repeatable else _finished(call)
    return packed(incoming, conditional(incoming, reply.with_headers(left)))


def _finished(call: Call) -> Reply:
    """Return the reply of a call with its bytes: what cannot be told is not kept either."""
    endpoint = call.incoming.endpoint
    found: Any = endpoint.answer(call)
    call.session.flush()
    reply = found if isinstance(found, Reply) else Reply(found, endpoint.status)
    content = reply.content
    if content is None:
        content = b"" if reply.document is None else encoded(reply.document, call.translate)
    return Reply(None, reply.status, reply.headers, content, reply.media_type)


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
