"""Recognition: exact keys first, then candidates that look alike; a person or a rule decides what stays open."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal
from uuid import UUID

import attrs

from crmkit.core.customer import Customer
from crmkit.core.errors import PluginError
from crmkit.core.frozen import frozen
from crmkit.core.identity import NotTheSame
from crmkit.core.matching import Party, Reason, compare, match_keys
from crmkit.core.matching.score import Match, probability
from crmkit.core.messages import Message, msg
from crmkit.core.values.mail import is_free_mail_domain
from crmkit.hooks.identity import AmbiguousCustomer, CustomerChoice
from crmkit.hooks.run import run_choose
from crmkit.services.identify.evidence import Evidence, ReadEvidence, read_evidence
from crmkit.services.identify.holders import Holders, find_holders
from crmkit.store.match_index import catch_up, start_over
from crmkit.store.recognition import earlier_decisions, organizations_of_domain, parties, sharers
from crmkit.store.session import Session

DECIDED = 0.97
"""Score from which a key that several customers share decides together with other evidence."""

LIKELY = 0.5
"""Score above which a holder of an exact key counts: as the one, or as its rival."""

MARGIN = 7.0
"""Bits by which the one must be ahead of every rival."""

LEAST = 0.02
"""Score of a candidate that is worth a look."""

MOST_CANDIDATES = 50
LOOKED_AT = 60
"""Candidates that are compared in full."""

FRESH_EVENTS = 500
"""Events that a recognition indexes on its way; more are left to ``index``."""


@frozen
class Candidate:
    """A customer that somebody may be. ``score`` is 0 to 1, see :mod:`crmkit.core.matching.score`."""

    customer_id: UUID
    name: str
    score: float
    reasons: tuple[Reason, ...]


@frozen
class Recognition:
    """Who somebody is: ``customer_id`` when known, else candidates, the likeliest first.

    ``reasons`` and ``score`` are those of the known customer; ``decided_by`` names the plugin that decided an ambiguous
    case. ``company_id`` is the organization whose domain an unknown mail address has. ``ignored`` says what of the
    evidence could not be read. ``behind`` tells that the index of match keys does not know the newest customers yet, so
    that candidates may be missing; exact keys always know all.
    """

    kind: Literal["known", "candidates", "unknown"]
    customer_id: UUID | None = None
    score: float = 0.0
    reasons: tuple[Reason, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    decided_by: str = ""
    company_id: UUID | None = None
    ignored: tuple[Message, ...] = ()
    behind: bool = False


def identify(session: Session, evidence: Evidence, channel: str = "") -> Recognition:
    """Return who the evidence shows, among the customers that the session's actor may see.

    A number in another system decides. A mail address or phone decides when one customer has it and nothing speaks
    against it; shared ones only narrow. Name with address, and the domain of a company alone, decide likewise. All else
    gives candidates. Customers that the actor may not see change nothing in the answer.
    """
    read = read_evidence(evidence)
    if read.empty:
        return Recognition("unknown", ignored=read.ignored)
    holders = find_holders(session, read)
    if (only := holders.named_by_system) is not None:
        return _known_by(only, [("external.same", 30.0)], read)
    only = holders.undisputed if read.keys_only else None
    if only is not None and not holders.claimed and not read.party.domain:
        return _known_by(only, holders.codes, read)
    earlier, rejected = earlier_decisions(session, read.fingerprint)
    if only is not None and only not in rejected:
        return _known_by(only, holders.codes, read)
    if earlier is not None and read.reachable:
        for candidate, _ in _candidates(session, read.party, holders, rejected, [earlier]):
            if candidate.customer_id == earlier:
                return _decided_before(candidate, read)
    found = _candidates(session, read.party, holders, rejected)
    decided = _decided(read.party, found, holders)
    behind = False
    if decided is None:
        _, current = catch_up(session, FRESH_EVENTS)
        behind = not current
        alike = sharers(session, match_keys(read.party), LOOKED_AT)
        found = _candidates(session, read.party, holders, rejected, alike)
        decided = _decided(read.party, found, holders)
    kept = tuple(c for c, _ in found if c.score >= LEAST or holders.has(c.customer_id))[:MOST_CANDIDATES]
    if decided is not None:
        return Recognition("known", decided.customer_id, decided.score, decided.reasons, kept, ignored=read.ignored)
    company = _company(session, read.party)
    if not kept:
        return Recognition("unknown", company_id=company, ignored=read.ignored, behind=behind)
    open_ = Recognition("candidates", candidates=kept, company_id=company, ignored=read.ignored, behind=behind)
    return _chosen(session, evidence, channel, open_)


def lookalikes(session: Session, customer: Customer) -> tuple[Candidate, ...]:
    """Return the customers that may be the same as ``customer``, but those that somebody said are not."""
    catch_up(session, FRESH_EVENTS)
    own = parties(session, [customer.id]).get(customer.id)
    if own is None:
        return ()
    others = sharers(session, match_keys(own), LOOKED_AT)
    apart = known_apart(session, customer.id) | {customer.id}
    found = _candidates(session, own, Holders({}, {}), apart, others)
    return tuple(candidate for candidate, _ in found if candidate.score >= LEAST)[:MOST_CANDIDATES]


def known_apart(session: Session, customer: UUID) -> set[UUID]:
    """Return the customers that somebody said are not the same as this one."""
    pairs = session.list(NotTheSame, first_id=customer) + session.list(NotTheSame, second_id=customer)
    return {pair.first_id for pair in pairs} | {pair.second_id for pair in pairs}


def index(session: Session, most: int = 5_000, rebuild: bool = False) -> tuple[int, bool]:
    """Index the customers that ``most`` further events tell of, in the session's transaction, for finding candidates.

    Returns how many events were taken and whether none waits; commit and call it again until then. An interrupted run
    goes on where the last commit left it. ``rebuild`` empties the index first.
    """
    if rebuild:
        start_over(session)
    return catch_up(session, most)


def _candidates(
    session: Session, party: Party, holders: Holders, rejected: Collection[UUID], more: Collection[UUID] = ()
) -> list[tuple[Candidate, Party]]:
    """Return the holders of exact keys and more customers, compared with ``party``, the likeliest first."""
    sharing = holders.sharing
    found: list[tuple[Candidate, Party]] = []
    wanted = [id for id in dict.fromkeys([*holders.ids, *more]) if id not in rejected]
    for id, other in parties(session, wanted).items():
        match = compare(party, other, sharing)
        if id in holders.external:
            match = _with_number(match)
        found.append((Candidate(id, other.names[0] if other.names else "", match.score, match.reasons), other))
    return sorted(found, key=lambda pair: (-pair[0].score, str(pair[0].customer_id)))


def _with_number(match: Match) -> Match:
    """Several numbers that name different customers contradict one another; each speaks for its own."""
    reason = Reason("external.same", 20.0, msg("the same number in another system"))
    return Match(probability(20.0 + sum(reason.bits for reason in match.reasons)), (reason, *match.reasons))


def _decided(party: Party, found: list[tuple[Candidate, Party]], holders: Holders) -> Candidate | None:
    """Return the candidate that is recognised, None when it stays open."""
    exact = [(c, other) for c, other in found if holders.has(c.customer_id) or _by_exact_key(c)]
    if not exact:
        return None
    (top, other), *rest = exact
    if top.score <= LIKELY or any(_bits(rival) > _bits(top) - MARGIN for rival, _ in rest if rival.score > LIKELY):
        return None
    codes = {reason.code for reason in top.reasons}
    if other.kind == "organization" and party.emails and not codes & {"email.same", "name.same", "external.same"}:
        # A company's phone with a mailbox that we do not know: somebody who works there.
        return None
    return top if holders.sole(top.customer_id) or top.score >= DECIDED else None


def _bits(candidate: Candidate) -> float:
    return sum(reason.bits for reason in candidate.reasons)


def _by_exact_key(candidate: Candidate) -> bool:
    """Whether an exact key speaks for a candidate: of a key that very many share, not all holders are looked up."""
    codes = {reason.code for reason in candidate.reasons}
    return bool(codes & {"email.same", "phone.same"}) or {"name.same", "address.same"} <= codes


def _company(session: Session, party: Party) -> UUID | None:
    domains = {email.rpartition("@")[2] for email in party.emails} | {party.domain}
    found = [
        id
        for domain in sorted(filter(None, domains))
        if not is_free_mail_domain(domain)
        for id in organizations_of_domain(session, domain, 2)
    ]
    return found[0] if len(found) == 1 else None


def _decided_before(candidate: Candidate, read: ReadEvidence) -> Recognition:
    reasons = (Reason("decided", 0.0, msg("decided before, for the same evidence")), *candidate.reasons)
    return Recognition("known", candidate.customer_id, candidate.score, reasons, ignored=read.ignored)


def _known_by(customer: UUID, codes: list[tuple[str, float]], read: ReadEvidence) -> Recognition:
    reasons = tuple(Reason(code, bits, _key_text(code, read.party)) for code, bits in codes)
    score = probability(sum(bits for _, bits in codes))
    return Recognition("known", customer, score, reasons, ignored=read.ignored)


def _key_text(code: str, party: Party) -> Message:
    if code == "email.same":
        return msg("the same {what}", what=msg("mail address {value}", value=", ".join(sorted(party.emails))))
    if code == "phone.same":
        return msg("the same {what}", what=msg("telephone number {value}", value=", ".join(sorted(party.phones))))
    if code == "domain.same":
        return msg("the same domain: {value}", value=party.domain)
    return msg("the same number in another system")


def _chosen(session: Session, evidence: Evidence, channel: str, open_: Recognition) -> Recognition:
    """Ask the plugins who decide ambiguous cases."""
    caller = session.hooks.caller("choose_customer")
    if not caller.has_impls:
        return open_
    call = AmbiguousCustomer(evidence, open_.candidates, channel, session.cause)
    choice = run_choose(caller, session.contexts, call, of=CustomerChoice)
    if choice is None:
        return open_
    plugin, decision = choice
    for candidate in open_.candidates:
        if candidate.customer_id == decision.customer_id:
            reasons = (Reason("chosen", 0.0, decision.reason), *candidate.reasons)
            known = attrs.evolve(open_, kind="known", customer_id=candidate.customer_id, score=candidate.score)
            return attrs.evolve(known, reasons=reasons, decided_by=plugin)
    raise PluginError(plugin, "choose_customer", ValueError(f"{decision.customer_id} is none of the candidates"))
