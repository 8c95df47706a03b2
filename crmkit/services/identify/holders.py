"""Who holds the exact keys of evidence: numbers in other systems, mail addresses, phones, a company's domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.services.identify.evidence import ReadEvidence
from crmkit.store.recognition import holders_of_external_id, holders_of_point, organizations_of_domain
from crmkit.store.session import Session

MOST_SHARERS = 200
"""Holders of one key that are compared one by one; among more, the match keys pick those worth it."""

_BITS = {"email": 16.0, "phone": 13.0, "domain": 11.0}


@frozen
class Holders:
    """``by_key`` maps a kind and value to the customers that have it, ``by_number`` a number in another system.

    ``claimed`` tells that the evidence has made claims before, so that decisions about them may be known.
    """

    by_key: Mapping[tuple[str, str], Sequence[UUID]]
    by_number: Mapping[tuple[str, str], Sequence[UUID]]
    claimed: bool = False

    @property
    def external(self) -> set[UUID]:
        """The customers that numbers in other systems name."""
        return {id for ids in self.by_number.values() for id in ids}

    @property
    def named_by_system(self) -> UUID | None:
        """The one customer that numbers in other systems name; None when they name none or several."""
        named = self.external
        return next(iter(named)) if len(named) == 1 else None

    @property
    def ids(self) -> list[UUID]:
        """All holders, each once."""
        return list(dict.fromkeys(self._all()))

    def has(self, customer: UUID) -> bool:
        """Whether the customer holds any of the keys."""
        return any(id == customer for id in self._all())

    @property
    def sharing(self) -> dict[str, int]:
        """How many hold each mail address and phone."""
        return {value: len(ids) for (_, value), ids in self.by_key.items()}

    def sole(self, customer: UUID) -> bool:
        """Whether nobody else holds one of the customer's keys."""
        return any(list(ids) == [customer] for ids in self.by_key.values())

    @property
    def undisputed(self) -> UUID | None:
        """The customer that alone holds every key; None when there is none."""
        owners = {tuple(ids) for ids in self.by_key.values()}
        if len(owners) != 1:
            return None
        (ids,) = owners
        return ids[0] if len(ids) == 1 else None

    @property
    def codes(self) -> list[tuple[str, float]]:
        """The kinds of keys that are held, with the bits that each weighs."""
        kinds = dict.fromkeys(kind for (kind, _), ids in self.by_key.items() if ids)
        return [(f"{kind}.same", _BITS[kind]) for kind in kinds]

    def _all(self) -> Iterator[UUID]:
        for ids in (*self.by_number.values(), *self.by_key.values()):
            yield from ids


def find_holders(session: Session, read: ReadEvidence) -> Holders:
    """Look up every exact key, one indexed statement each; none but the numbers of other systems when they suffice."""
    by_number = {pair: holders_of_external_id(session, *pair) for pair in read.external}
    found = Holders({}, by_number)
    if by_number and found.named_by_system is not None:
        return found
    party, claimed = read.party, False
    by_key: dict[tuple[str, str], Sequence[UUID]] = {}
    for kind, values in (("email", party.emails), ("phone", party.phones)):
        for value in sorted(values):
            by_key[kind, value], before = holders_of_point(session, kind, value, MOST_SHARERS + 1, read.fingerprint)
            claimed = claimed or before
    if party.domain and not party.emails and not party.phones:
        # Somebody who writes from a company is not the company; the domain alone, of a web visit, is.
        by_key["domain", party.domain] = organizations_of_domain(session, party.domain, MOST_SHARERS + 1)
    return Holders(by_key, by_number, claimed)
