"""Claims that nobody has decided on and that may be an erased person: what came in with them goes as well."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from uuid import UUID

from crmkit.core.entity import EntityInfo, change
from crmkit.core.erasure import texts_of
from crmkit.core.identity import IdentityClaim
from crmkit.services.personal_data.identifiers import Identifiers
from crmkit.services.personal_data.traces import claims_naming
from crmkit.store.chunks import FEWER, in_chunks
from crmkit.store.session import Session


def claims_going(
    session: Session, customers: Collection[UUID], known: Identifiers, texts: re.Pattern[str] | None
) -> list[IdentityClaim]:
    """Return the claims, deleted and dismissed ones too, that are emptied when a customer is erased.

    Those made of the customer's own addresses and numbers; and of the open ones that name the customer as a candidate
    those that name no better one, and those that hold a name or address of the customer. ``customers`` are all ids under
    which the customer was known. The session must have every right.
    """
    found = {claim.id: claim for id in customers for claim in claims_naming(session, id) if claim.state == "open"}
    info = session.database.registry.get(IdentityClaim)
    going = {id: one for id, one in found.items() if _best(one, customers) or _tells(info, one, texts)}
    prints = sorted(known.fingerprints)
    for some in in_chunks(prints, FEWER):
        for claim in session.list(IdentityClaim, fingerprint=some, state=["open", "dismissed"], deleted=True):
            going[claim.id] = claim
    return [going[id] for id in sorted(going)]


def emptied_claim(claim: IdentityClaim, erasure: UUID) -> IdentityClaim:
    """Return a claim without what came in: it says that it was somebody who was erased."""
    raw = {"erased": str(erasure)}
    return change(claim, state="dismissed", raw=raw, candidates=(), rejected=(), fingerprint="")


def _best(claim: IdentityClaim, customers: Iterable[UUID]) -> bool:
    """Whether no other candidate has a higher score."""
    mine = {str(id) for id in customers}
    scores = {True: [0.0], False: [float("-inf")]}
    for candidate in claim.candidates:
        scores[candidate.get("customer_id") in mine].append(float(candidate.get("score") or 0))
    return max(scores[True]) >= max(scores[False])


def _tells(info: EntityInfo, claim: IdentityClaim, texts: re.Pattern[str] | None) -> bool:
    return texts is not None and any(texts.search(text) for text in texts_of(info, claim))
