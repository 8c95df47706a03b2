"""By what a person is known: names and addresses to be taken out of texts, and the keys that tell an arrival again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.frozen import frozen
from crmkit.core.matching import name_words
from crmkit.services.identify.evidence import Evidence, read_evidence
from crmkit.services.personal_data.reach import Reach
from crmkit.store.chunks import FEWER, in_chunks
from crmkit.store.erased_keys import Identifier
from crmkit.store.session import Session

_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]{2,}")
"""Such a name is one word, and still that of few."""


@frozen
class Identifiers:
    """What a person is called and reached by, as it stands in texts, and ``keys`` by which the person is known again.

    ``fingerprints`` are those of claims that one of the person's own addresses or numbers would make.
    """

    names: frozenset[str]
    addresses: frozenset[str]
    keys: frozenset[Identifier]
    fingerprints: frozenset[str]

    @property
    def telling(self) -> frozenset[str]:
        """The names and addresses that hardly anybody else has."""
        return self.names | self.addresses


def identifiers_of(session: Session, reach: Reach) -> Identifiers:
    """Return the identifiers of the customers that ``reach`` began with. The session must have every right."""
    customers = [item.record for item in reach.items.get("customer", {}).values() if reach.is_root(item)]
    ids = {customer.id for customer in customers}
    points = [item.record for item in reach.items.get("contact_point", {}).values() if item.record.customer_id in ids]
    numbers = [
        item.record
        for item in reach.items.get("external_identity", {}).values()
        if item.record.entity == "customer" and item.record.record_id in ids
    ]
    used = [
        item.record.address
        for item in reach.items.get("interaction_participant", {}).values()
        if item.record.customer_id in ids
    ]
    addresses = {text for point in points for text in (point.value, point.normalized, point.street) if len(text) > 4}
    addresses |= {number.external_id for number in numbers if len(number.external_id) > 4}
    addresses |= {text for text in used if len(text) > 4}
    shared = _shared(session, points, ids)
    own = [point for point in points if (point.kind, point.normalized) not in shared]
    keys = {key for customer in customers for key in customer_keys(customer)}
    names = {name for customer in customers for name in name_keys(customer)}
    keys |= {key for point in own for key in point_keys(point, names)}
    keys |= {external_key(number.system, number.external_id) for number in numbers}
    evidence = [Evidence(**{f"{point.kind}s": point.normalized}) for point in own if point.kind in ("email", "phone")]
    evidence += [Evidence(external=(number.system, number.external_id)) for number in numbers]
    prints = {read.fingerprint for one in evidence if not (read := read_evidence(one)).empty}
    return Identifiers(frozenset(_spellings(customers)), frozenset(addresses), frozenset(keys), frozenset(prints))


def name_keys(customer: Customer) -> set[str]:
    """Return the names of a customer in the form in which they are compared."""
    given = (customer.name, customer.legal_name, f"{customer.given_name} {customer.family_name}".strip())
    return {" ".join(sorted(name_words(name))) for name in given if name.strip()} - {""}


def customer_keys(customer: Customer) -> Iterator[Identifier]:
    """Yield by what a customer alone is known again: name and full date of birth."""
    born = customer.birth_date
    if born is not None and born.year and born.month and born.day:
        for name in sorted(name_keys(customer)):
            yield "born", name, str(born)


def point_keys(point: ContactPoint, names: Iterable[str]) -> Iterator[Identifier]:
    """Yield by what the customer of a contact point is known again: some points by themselves, others with a name.

    Telephone numbers and addresses pass from one person to another; mail addresses and accounts hardly do.
    """
    if not point.normalized:
        return
    if point.kind in ("email", "social", "messaging"):
        yield point.kind, point.normalized
    elif point.kind in ("phone", "address"):
        for name in sorted(names):
            yield point.kind, point.normalized, name


def external_key(system: str, external_id: str) -> Identifier:
    """Return by what a customer is known again that another system calls so."""
    return "external", system, external_id


def _spellings(customers: Iterable[Customer]) -> Iterator[str]:
    for customer in customers:
        given, family = customer.given_name.strip(), customer.family_name.strip()
        both = (f"{given} {family}", f"{family} {given}", f"{family}, {given}") if given and family else ()
        for name in (customer.name.strip(), customer.legal_name.strip(), *both):
            # One word alone is the name of many.
            if len(name.split()) > 1 or _EAST_ASIAN.fullmatch(name):
                yield name


def _shared(session: Session, points: Iterable[Any], ids: set[UUID]) -> set[tuple[str, str]]:
    """Return kind and value of the points that other living customers have, too."""
    found: set[tuple[str, str]] = set()
    values = {point.normalized for point in points if point.normalized}
    wanted = sorted(values)
    for chunk in in_chunks(wanted, FEWER):
        for other in session.list(ContactPoint, normalized=chunk):
            if other.customer_id not in ids:
                found.add((other.kind, other.normalized))
    return found
