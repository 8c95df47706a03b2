"""Answering requests in one thread: who asks, a session, the handler, the commit, the reply's bytes.

A request has a transaction of its own. Quick writes that come at the same time share one: what a commit costs, the
journal above all, is then paid once for all of them.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID

import attrs

from crmkit.core.values.ids import new_id
from crmkit.hosting import AllUndone, faults_translated, known_language, translator
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

LONGEST = 0.05
"""Seconds for which a group goes on: what it has not come to by then is answered alone, and waits for nobody's slow hooks."""

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
    asked = _let_in(site, incoming)
    return asked if isinstance(asked, Reply) else _alone(site, asked)


def look_first(site: Site, incoming: Incoming) -> Asked | Reply:
    """Return a request whose body is not there yet with who asks; the reply to one that is refused in any case."""
    asked = _let_in(site, incoming)
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


def answer_admitted(site: Site, asked: Asked) -> Reply:
    """Answer a request that ``look_first`` has let in, with its body."""
    return _alone(site, asked)


def answer_together(site: Site, group: Sequence[Incoming]) -> list[Reply | Asked]:
    """Answer requests of endpoints that may share a transaction; what is wrong with one undoes nothing of the others.

    One that has to be answered by itself comes back as it was let in, for ``answer_admitted``: the others do not wait for it.
    """
    if len(group) == 1:
        return [answer(site, group[0])]
    replies: dict[int, Reply | Asked] = {}
    tenants: dict[UUID, dict[int, Asked]] = {}
    for place, incoming in enumerate(group):
        asked = _let_in(site, incoming)
        if isinstance(asked, Reply):
            replies[place] = asked
        else:
            tenants.setdefault(asked.actor.tenant_id, {})[place] = asked
    for tenant, members in tenants.items():
        replies |= _shared(site, tenant, members)
    return [replies[place] for place in range(len(group))]


def told(error: BaseException, translate: Translate) -> Reply:
    """Return the reply that tells of an error; a defect is logged with the number that the reply shows."""
    instance = f"/problems/{new_id()}"
    status, document, headers = problem_of(error, translate, instance)
    if status >= 500 and document["code"] in ("defect", "plugin_error"):
        log.error("request failed: %s", instance, exc_info=error)
    return Reply(None, status, headers, encoded(document), MEDIA_TYPE)


def _let_in(site: Site, incoming: Incoming) -> Asked | Reply:
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


def _alone(site: Site, asked: Asked) -> Reply:
    """Return the reply to a request that has a transaction of its own."""
    incoming, actor = asked.incoming, asked.actor
    endpoint = incoming.endpoint
    repeatable = "idempotency-key" in incoming.headers and not endpoint.secret
    try:
        turn = in_turn(site, incoming, actor) if repeatable else _ANY_TIME
        with faults_translated(), turn, site.crm.session(actor, reads=endpoint.reads) as session:
            actor = _current(site, asked, session).actor
            session.brief = endpoint.brief
            call = asked.call(site, session, actor)
            reply = answered_once(call, _finished) if repeatable else _finished(call)
        return asked.replied(reply)
    except Exception as error:
        return told(error, asked.translate)


def _current(site: Site, asked: Asked, session: Any) -> Asked:
    """Return who asks with the rights of now: as whom the session acts from here on."""
    actor = asked.actor
    if actor.rights_version is None or session.rights_version() == actor.rights_version:
        return asked
    # Somebody's rights were changed, or a log-in was taken back: nothing that is remembered counts any more.
    session.actor = admitted(site, asked.incoming, fresh=True)
    return attrs.evolve(asked, actor=session.actor)


def _shared(site: Site, tenant: UUID, members: Mapping[int, Asked]) -> dict[int, Reply | Asked]:
    """Return the replies to requests that share a transaction, by their places; those still to be answered as they are."""
    replies: dict[int, Reply | Asked] = dict(members)
    reads = all(asked.incoming.endpoint.reads for asked in members.values())
    shared = site.crm.together(tenant, reads=reads)
    try:
        with shared:
            version, end = shared.rights_version(), monotonic() + LONGEST
            for place, asked in members.items():
                if shared.lost or monotonic() > end:
                    break
                if asked.actor.rights_version not in (None, version):
                    # It has to ask anew what it may do.
                    continue
                try:
                    with shared.session(asked.actor) as session:
                        session.brief = True
                        reply = _finished(asked.call(site, session, asked.actor))
                    replies[place] = asked.replied(reply)
                except Exception as error:
                    # When all are undone, it is told what is wrong once it was answered alone.
                    if not shared.lost:
                        replies[place] = told(error, asked.translate)
    except (AllUndone, SystemExit):
        # Nothing stands of what any of them wrote, and each may be the one that fails.
        return dict(members)
    except Exception as error:
        # Nobody knows whether it stands.
        return {place: told(error, asked.translate) for place, asked in members.items()}
    try:
        shared.follow()
    except Exception:
        # What was acknowledged is committed. Events that could not be delivered wait for the next delivery.
        log.exception("what was to follow a commit failed")
    return replies


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
