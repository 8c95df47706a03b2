"""The door: which actor a request acts as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.plugin import msg
from crmkit_web.login.cookies import session_cookie
from crmkit_web.login.digests import digest_of
from crmkit_web.login.forgery import refuse_forged
from crmkit_web.login.session_door import session_admitted
from crmkit_web.login.token_door import CHALLENGE, token_admitted
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit_web.serving.calls import Incoming
    from crmkit_web.serving.site import Site

LONGEST = 200
"""Characters of a token or the id of a session; ours are far shorter."""


def admitted(site: Site, incoming: Incoming, *, fresh: bool = False) -> Actor:
    """Return who asks, by the token in ``Authorization`` or else by the session's cookie.

    What is remembered of them is good while the version of rights is the actor's, which the caller looks at in the
    session that it opens; else it asks again, ``fresh``. Raises Problem 401 for somebody who does not say who they are, or not
    rightly, and Problem 403 for a request that another site has made a browser send.
    """
    crm, headers = site.crm, incoming.headers
    now = crm.clock.now()
    given = headers.get("authorization")
    if given is not None:
        scheme, _, text = given.partition(" ")
        text = text.strip()
        if scheme.lower() == "bearer" and 0 < len(text) <= LONGEST:
            digest = digest_of(text)
            look = site.admissions.of
            return look(("token", digest), now, fresh=fresh, look=lambda: token_admitted(crm, digest))
        raise Problem(401, "log_in", msg("log in first: send Authorization: Bearer with a token"), headers=CHALLENGE)
    secret = session_cookie(site, incoming)
    if not secret or len(secret) > LONGEST:
        raise Problem(401, "log_in", msg("log in first: send Authorization: Bearer with a token"), headers=CHALLENGE)
    digest = digest_of(secret)
    actor = site.admissions.of(
        ("session", digest), now, fresh=fresh, look=lambda: session_admitted(crm, site.settings, digest)
    )
    refuse_forged(site, incoming, secret)
    return actor
