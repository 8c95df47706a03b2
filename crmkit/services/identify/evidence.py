"""Evidence: what somebody shows, as it came in, and its normalised forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import blake2b
from typing import Any

import attrs

from crmkit.core.customer import CustomerKind
from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.identity import IdentityClaim
from crmkit.core.matching import Party, Place, name_words
from crmkit.core.messages import Message
from crmkit.core.values.address import address_key, one_line
from crmkit.core.values.mail import is_free_mail_domain, normalise_mail
from crmkit.core.values.partial_date import PartialDate, parse_partial_date
from crmkit.core.values.phone import normalise_phone
from crmkit.core.values.text import composed, domain_of, one_space

MOST_VALUES = 20
"""Mail addresses, phones and external ids that are looked at, of each."""


def _texts(values: Iterable[str] | str) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


def _pairs(values: Any) -> tuple[tuple[str, str], ...]:
    if isinstance(values, Mapping):
        values = values.items()
    elif len(values) == 2 and all(isinstance(value, str) for value in values):
        values = [values]
    return tuple((str(system), str(number)) for system, number in values)


@frozen(kw_only=True)
class Evidence:
    """What is known of somebody, as it came in. Everything is optional.

    ``external`` holds pairs of system and number; ``address`` is a whole line, or ``street``, ``postal_code`` and
    ``city`` are its parts; ``country`` also reads national phone numbers.
    """

    external: tuple[tuple[str, str], ...] = attrs.field(default=(), converter=_pairs)
    emails: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    phones: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    name: str = ""
    address: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    domain: str = ""
    birth_date: PartialDate | None = None
    kind: CustomerKind | None = None


@frozen
class ReadEvidence:
    """Evidence in its normalised forms. ``ignored`` tells what could not be read and therefore does not count."""

    party: Party
    external: tuple[tuple[str, str], ...]
    ignored: tuple[Message, ...]

    @property
    def empty(self) -> bool:
        """Whether it tells nothing at all."""
        party = self.party
        keys = self.external or party.emails or party.phones or party.domain
        return not (keys or party.names or party.places or party.birth_date)

    @property
    def reachable(self) -> bool:
        """Whether it holds an address, phone or number of its own: what was decided for it once holds the next time, too."""
        return bool(self.party.emails or self.party.phones or self.external)

    @property
    def keys_only(self) -> bool:
        """Whether there is nothing that would have to be compared with a customer's other data."""
        party = self.party
        return not (party.names or party.places or party.birth_date)

    @cached_property
    def fingerprint(self) -> str:
        """The digest by which the same evidence is known again, whatever the order and spelling of its parts."""
        party = self.party
        parts = (
            sorted(self.external),
            sorted(party.emails),
            sorted(party.phones),
            sorted(sorted(name_words(name)) for name in party.names),
            sorted(place.key for place in party.places),
            party.domain,
            str(party.birth_date or ""),
        )
        return blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


def read_evidence(evidence: Evidence) -> ReadEvidence:
    """Return evidence in its normalised forms. What cannot be read is left out and said, not refused."""
    ignored: list[Message] = []

    def read(values: Iterable[str], normalise: Any) -> frozenset[str]:
        found = set()
        for value in list(values)[:MOST_VALUES]:
            try:
                found.add(normalise(value))
            except BadInput as error:
                ignored.append(error.message)
        return frozenset(found)

    country = evidence.country or None
    domains = read(filter(None, [evidence.domain]), domain_of)
    domain = next((domain for domain in domains if not is_free_mail_domain(domain)), "")
    line = evidence.address
    if not line and evidence.street:
        parts = evidence.street, evidence.city, evidence.region, evidence.postal_code, evidence.country
        line = one_line(*parts)
    place = Place(address_key(line) if line else "", evidence.postal_code, evidence.city)
    name = one_space(evidence.name)
    party = Party(
        kind=evidence.kind,
        names=(name,) if name_words(name) else (),
        emails=read(evidence.emails, normalise_mail),
        phones=read(evidence.phones, lambda phone: normalise_phone(phone, country)),
        places=(place,) if place != Place() else (),
        birth_date=evidence.birth_date,
        domain=domain,
    )
    external = tuple(
        dict.fromkeys((composed(system.strip()), composed(number.strip())) for system, number in evidence.external)
    )
    return ReadEvidence(party, tuple(pair for pair in external if all(pair))[:MOST_VALUES], tuple(ignored))


def as_document(evidence: Evidence) -> dict[str, Any]:
    """Return evidence as a claim keeps it: filled values alone, in JSON form."""
    found = {a.name: getattr(evidence, a.name) for a in attrs.fields(Evidence) if getattr(evidence, a.name)}
    if "external" in found:
        found["external"] = [list(pair) for pair in evidence.external]
    if evidence.birth_date is not None:
        found["birth_date"] = str(evidence.birth_date)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def evidence_of(claim: IdentityClaim) -> Evidence:
    """Return the evidence that a claim was made of."""
    known = {a.name for a in attrs.fields(Evidence)}
    kept = claim.raw.get("evidence", {})
    values = {name: value for name, value in kept.items() if name in known} if isinstance(kept, Mapping) else {}
    if born := values.get("birth_date"):
        values["birth_date"] = parse_partial_date(str(born))
    return Evidence(**values)
