"""Answering several requests in one transaction: what a commit costs, the journal above all, is paid once for all of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

from crmkit.hosting import AllUndone
from crmkit_web.records.idempotency import TURN, in_group, is_too_old, once, repeatable
from crmkit_web.serving.answering import Asked, answer_admitted, finished, let_in, told
from crmkit_web.serving.calls import Incoming, Reply

if TYPE_CHECKING:
    from crmkit.hosting import SharedTransaction
    from crmkit_web.serving.site import Site

log = logging.getLogger("crmkit.web")

LONGEST = 0.05
"""Seconds for which a group goes on: what it has not come to by then is answered alone, and waits for nobody's slow hooks."""


def answer_together(site: Site, group: Sequence[Incoming]) -> list[Reply | Asked]:
    """Answer requests of endpoints that may share a transaction; what is wrong with one undoes nothing of the others.

    One that has to be answered by itself comes back as it was let in, for ``answer_admitted``: the others do not wait for it.
    """
    replies: dict[int, Reply | Asked] = {}
    tenants: dict[UUID, dict[int, Asked]] = {}
    for place, incoming in enumerate(group):
        asked = let_in(site, incoming)
        if isinstance(asked, Reply):
            replies[place] = asked
        else:
            tenants.setdefault(asked.actor.tenant_id, {})[place] = asked
    for members in tenants.values():
        with_keys = {place: (one.incoming, one.actor) for place, one in members.items() if repeatable(one.incoming)}
        with in_group(site, with_keys) as keys:
            # One that has to wait for its turn does so where nobody waits for it.
            waiting = with_keys.keys() - keys.keys()
            replies |= {place: members[place] for place in waiting}
            sharing = {place: one for place, one in members.items() if place not in waiting}
            if len(sharing) == 1:
                ((place, asked),) = sharing.items()
                replies[place] = answer_admitted(site, asked, in_turn_already=True)
            elif sharing:
                replies |= _shared(site, sharing, keys)
    return [replies[place] for place in range(len(group))]


def _shared(site: Site, members: Mapping[int, Asked], keys: Mapping[int, str]) -> dict[int, Reply | Asked]:
    """Return the replies to requests that share a transaction, by their places; those still to be answered as they are."""
    (tenant,) = {one.actor.tenant_id for one in members.values()}
    shared = site.crm.together(tenant, reads=all(one.incoming.endpoint.reads for one in members.values()))
    replies: dict[int, Reply | Asked] = {}
    try:
        with shared:
            replies |= _answered(site, shared, members, keys)
    except (AllUndone, SystemExit):
        # Nothing stands of what any of them wrote, and each may be the one that fails.
        return dict(members)
    except Exception as error:
        # Nobody knows whether it stands. Those that it did not come to are still to be answered.
        return {**members, **{place: told(error, members[place].translate) for place in replies or members}}
    try:
        shared.follow()
    except Exception:
        # What was acknowledged is committed. Events that could not be delivered wait for the next delivery.
        log.exception("what was to follow a commit failed")
    return {**members, **replies}


def _answered(
    site: Site, shared: SharedTransaction, members: Mapping[int, Asked], keys: Mapping[int, str]
) -> dict[int, Reply]:
    """Return the replies to members as far as it comes, but those to be answered alone; ``keys`` are those that some have."""
    version, end, now = shared.rights_version(), monotonic() + LONGEST, site.crm.clock.now()
    stored = shared.responses(TURN, keys=list(keys.values())) if keys else {}
    replies: dict[int, Reply] = {}
    for place, asked in members.items():
        if shared.lost or monotonic() > end:
            break
        key = keys.get(place)
        if asked.actor.rights_version not in (None, version):
            # It has to ask anew what it may do.
            continue
        if key is not None and (key not in stored or is_too_old(stored[key], now)):
            continue
        try:
            with shared.session(asked.actor) as session:
                session.brief = True
                call = asked.call(site, session, asked.actor)
                reply = finished(call) if key is None else once(call, finished, key, stored[key])
            replies[place] = asked.replied(reply)
        except Exception as error:
            # When all are undone, it is told what is wrong once it was answered alone.
            if not shared.lost:
                replies[place] = told(error, asked.translate)
    return replies
