"""Weighing evidence: each thing that agrees or differs adds bits for or against two parties being one.

After Fellegi and Sunter (A Theory for Record Linkage, 1969): a weight is log2(m / u), m how often it is seen in pairs
that are one party, u in pairs that are two; the weights of independent things add up. The score is the probability
1 / (1 + 2^-(prior + sum)). The prior is that of a candidate found by a match key, one in a thousand. The weights are
estimates for customer bases of about a million.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp2, log2

from crmkit.core.frozen import frozen
from crmkit.core.matching.names import NameLevel, NameMatch, compare_names
from crmkit.core.matching.party import Party, Place
from crmkit.core.messages import Message, msg
from crmkit.core.values.mail import is_free_mail_domain
from crmkit.core.values.partial_date import PartialDate
from crmkit.core.values.text import search_key

PRIOR = -10.0
"""Bits: how unlikely two parties are one before anything is known but that a match key is shared."""

_NAME_WEIGHTS = {
    "same": 10.0,
    "extended": 8.0,
    "similar": 7.0,
    "initials": 5.0,
    "one_word_of_many": 3.0,
    "one_word": -4.0,
    "different": -8.0,
}


@frozen
class Reason:
    """One thing that speaks for (positive ``bits``) or against. ``code`` is stable, as in ``name.similar``."""

    code: str
    bits: float
    text: Message


@frozen
class Match:
    """``score`` is 0 to 1; ``reasons`` the weightiest first."""

    score: float
    reasons: tuple[Reason, ...]

    def has(self, code: str) -> bool:
        """Whether a reason of this code is among them."""
        return any(reason.code == code for reason in self.reasons)


def compare(a: Party, b: Party, sharing: Mapping[str, int] | None = None) -> Match:
    """Return how likely ``a`` and ``b`` are one party, and why.

    ``sharing`` tells how many customers have a mail address or phone: what many share says little of each.
    """
    shared = sharing or {}
    found = [
        _names(a, b),
        _emails(a, b, shared),
        _phones(a, b, shared),
        _places(a, b),
        _birth(a.birth_date, b.birth_date),
        _domains(a, b),
    ]
    reasons = sorted((reason for reason in found if reason is not None), key=lambda reason: -abs(reason.bits))
    return Match(probability(sum(reason.bits for reason in reasons)), tuple(reasons))


def probability(bits: float) -> float:
    """Return the probability that ``bits`` of evidence, on top of the prior, amount to; rounded to four places."""
    return round(1 / (1 + exp2(-(PRIOR + bits))), 4)


def _names(a: Party, b: Party) -> Reason | None:
    best: tuple[float, NameMatch, str] | None = None
    for first in a.names:
        for second in b.names:
            match = compare_names(first, second)
            if match.level != "unknown":
                bits = _name_bits(match)
                if best is None or bits > best[0]:
                    best = (bits, match, second)
    if best is None:
        return None
    bits, match, name = best
    return Reason(f"name.{match.level}", bits, _name_text(match.level, name))


def _name_text(level: NameLevel, name: str) -> Message:
    match level:
        case "same":
            return msg("the same name: {name}", name=name)
        case "extended":
            return msg("the same name, one with more words: {name}", name=name)
        case "similar":
            return msg("a similar name: {name}", name=name)
        case "initials":
            return msg("a name that agrees in its initials: {name}", name=name)
        case "one_word_of_many":
            return msg("part of the name: {name}", name=name)
        case "one_word":
            return msg("only part of the name agrees: {name}", name=name)
        case _:
            return msg("another name: {name}", name=name)


def _name_bits(match: NameMatch) -> float:
    bits = _NAME_WEIGHTS[match.level]
    if bits > 0:
        # "O" or 王 is borne by a great many, 王小明 by few.
        bits = min(bits, 3.0 * match.length if match.length < 4 else bits)
    return bits


def _emails(a: Party, b: Party, shared: Mapping[str, int]) -> Reason | None:
    common = a.emails & b.emails
    if common:
        email = min(common, key=lambda value: (shared.get(value, 1), value))
        bits = max(16.0 - log2(max(shared.get(email, 1), 1)), 2.0)
        return Reason("email.same", bits, _held(msg("mail address {value}", value=email), shared.get(email, 1)))
    from jellyfish import damerau_levenshtein_distance

    for first in sorted(a.emails):
        for second in sorted(b.emails):
            local, _, domain = first.rpartition("@")
            other, _, others = second.rpartition("@")
            if min(len(local), len(other)) < 5:
                continue
            if domain == others and damerau_levenshtein_distance(local, other) == 1:
                return Reason("email.similar", 7.0, msg("a similar mail address: {value}", value=second))
            if local == other and damerau_levenshtein_distance(domain, others) <= 2:
                return Reason("email.similar", 7.0, msg("a similar mail address: {value}", value=second))
            if local == other:
                return Reason("email.local", 5.0, msg("the same mailbox name elsewhere: {value}", value=second))
    return None


def _phones(a: Party, b: Party, shared: Mapping[str, int]) -> Reason | None:
    common = a.phones & b.phones
    if common:
        phone = min(common, key=lambda value: (shared.get(value, 1), value))
        bits = max(13.0 - log2(max(shared.get(phone, 1), 1)), 2.0)
        return Reason("phone.same", bits, _held(msg("telephone number {value}", value=phone), shared.get(phone, 1)))
    ends = {phone.partition(";")[0][-7:] for phone in a.phones if len(phone) >= 8}
    for phone in sorted(b.phones):
        if len(phone) >= 8 and phone.partition(";")[0][-7:] in ends:
            return Reason("phone.similar", 6.0, msg("a telephone number with the same ending: {value}", value=phone))
    return None


def _held(what: Message, count: int) -> Message:
    if count <= 1:
        return msg("the same {what}", what=what)
    return msg("the same {what}, shared by {count} customers", what=what, count=count)


def _places(a: Party, b: Party) -> Reason | None:
    found = [reason for first in a.places for second in b.places if (reason := _place(first, second)) is not None]
    return max(found, key=lambda reason: reason.bits, default=None)


def _place(a: Place, b: Place) -> Reason | None:
    from jellyfish import jaro_winkler_similarity

    if a.key and a.key == b.key:
        return Reason("address.same", 9.0, msg("the same address: {value}", value=b.key))
    if a.key and b.key and sorted(a.key.split()) == sorted(b.key.split()):
        return Reason("address.same", 9.0, msg("the same address: {value}", value=b.key))
    near = bool(a.postal_code and b.postal_code and search_key(a.postal_code) == search_key(b.postal_code))
    if a.key and b.key and near and jaro_winkler_similarity(a.key[:200], b.key[:200]) >= 0.9:
        return Reason("address.similar", 7.0, msg("a similar address: {value}", value=b.key))
    if near:
        return Reason("address.postal_code", 4.0, msg("the same postal code: {value}", value=b.postal_code))
    if a.city and b.city and search_key(a.city) == search_key(b.city):
        return Reason("address.city", 2.0, msg("the same city: {value}", value=b.city))
    if a.key and b.key and (a.postal_code or a.city) and (b.postal_code or b.city):
        # People move: another address says little.
        return Reason("address.different", -1.0, msg("another address: {value}", value=b.key))
    return None


def _birth(a: PartialDate | None, b: PartialDate | None) -> Reason | None:
    if a is None or b is None:
        return None
    mine, theirs = (a.year, a.month, a.day), (b.year, b.month, b.day)
    known = [(x, y) for x, y in zip(mine, theirs, strict=True) if x is not None and y is not None]
    differing = sum(x != y for x, y in known)
    if not known:
        return None
    if not differing:
        bits = {3: 10.0, 2: 6.0, 1: 3.0}[len(known)]
        return Reason("birth.same", bits, msg("the same date of birth: {value}", value=str(b)))
    if len(known) == 3 and (differing == 1 or (a.year == b.year and (a.month, a.day) == (b.day, b.month))):
        return Reason("birth.similar", 4.0, msg("a similar date of birth: {value}", value=str(b)))
    return Reason("birth.different", -8.0, msg("another date of birth: {value}", value=str(b)))


def _domains(a: Party, b: Party) -> Reason | None:
    mine, theirs = _own_domains(a), _own_domains(b)
    if a.domain and a.domain == b.domain and a.domain in mine:
        return Reason("domain.same", 11.0, msg("the same domain: {value}", value=a.domain))
    if common := mine & theirs:
        if b.domain in common or a.domain in common:
            text = msg("the domain belongs to the organization: {value}", value=min(common))
            return Reason("domain.company", 6.0, text)
        if a.emails & b.emails:
            return None
        return Reason("domain.colleague", 2.0, msg("mail addresses of one domain: {value}", value=min(common)))
    return None


def _own_domains(party: Party) -> set[str]:
    domains = {email.rpartition("@")[2] for email in party.emails} | {party.domain}
    return {domain for domain in domains if domain and not is_free_mail_domain(domain)}
