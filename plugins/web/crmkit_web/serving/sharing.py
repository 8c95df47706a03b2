"""Answering several requests in one transaction: what a commit costs, the journal above all, is paid once for all of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

from crmkit.hosting import AllUndone
from crmkit_web.records.idempotency import TURN, in_group, is_too_old, once, repeatable
from crmkit_web.serving.answering import Asked, answer, finished, let_in, told
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
    if len(group) == 1 and not repeatable(group[0]):
        # One with a key may have to wait for its turn, which it does where nobody waits for it.
        return [answer(site, group[0])]
    replies: dict[int, Reply | Asked] = {}
    tenants: dict[UUID, dict[int, Asked]] = {}
    for place, incoming in enumerate(group):
        asked = let_in(site, incoming)
        if isinstance(asked, Reply):
            replies[place] = asked
        else:
            tenants.setdefault(asked.actor.tenant_id, {})[place] = asked
    for tenant, members in tenants.items():
        replies |= _shared(site, tenant, members)
    return [replies[place] for place in range(len(group))]


def _shared(site: Site, tenant: UUID, members: Mapping[int, Asked]) -> dict[int, Reply | Asked]:
    """Return the replies to requests that share a transaction, by their places; those still to be answered as they are."""
    replies: dict[int, Reply | Asked] = dict(members)
    with_keys = {place: (one.incoming, one.actor) for place, one in members.items() if repeatable(one.incoming)}
    shared = site.crm.together(tenant, reads=all(asked.incoming.endpoint.reads for asked in members.values()))
    try:
        with in_group(site, with_keys) as keys, shared:
            version = shared.rights_version()
            alone = {place for place, one in members.items() if one.actor.rights_version not in (None, version)}
            replies |= _answered(site, shared, members, alone | (with_keys.keys() - keys.keys()), keys)
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


def _answered(
    site: Site, shared: SharedTransaction, members: Mapping[int, Asked], alone: set[int], keys: Mapping[int, str]
) -> dict[int, Reply]:
    """Return the replies to those of the members that are not to be answered alone; ``keys`` are the keys that some have."""
    end, now = monotonic() + LONGEST, site.crm.clock.now()
    stored = shared.responses(TURN, keys=list(keys.values())) if keys else {}
    replies: dict[int, Reply] = {}
    for place, asked in members.items():
        if shared.lost or monotonic() > end:
            break
        key = keys.get(place)
        if place in alone or (key is not None and (key not in stored or is_too_old(stored[key], now))):
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
