"""Who somebody is: from whatever is known of them, the customer or candidates, each with score and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import attrs

from crmkit.core.errors import FieldError, ValidationFailed
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.values.partial_date import PartialDate
from crmkit.hosting import read_input
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

MOST = 20
LONGEST = 500


@frozen
class Evidence:
    """What is known of somebody; everything is optional. ``external`` maps systems to the numbers that they use.

    ``address`` is a whole line, or ``street``, ``postal_code`` and ``city`` are its parts; ``country`` also reads
    national phone numbers. ``birth_date`` may be a year or a month, as in 1985-03. ``channel`` says where it came in.
    """

    external: Mapping[str, str] | None = None
    emails: tuple[str, ...] = attrs.field(default=(), metadata={"schema": {"maxItems": MOST}})
    phones: tuple[str, ...] = attrs.field(default=(), metadata={"schema": {"maxItems": MOST}})
    name: str = ""
    address: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    domain: str = ""
    birth_date: PartialDate | None = None
    kind: Literal["person", "organization", "household"] | None = None
    channel: str = ""


@frozen
class Reason:
    """One thing that speaks for (positive ``bits``) or against. ``code`` is stable, as in ``name.similar``."""

    code: str
    bits: float
    text: str


@frozen
class Candidate:
    """A customer that somebody may be; ``score`` is 0 to 1."""

    customer_id: UUID
    name: str
    score: float
    reasons: tuple[Reason, ...]


@frozen
class Recognition:
    """Who somebody is: ``customer_id`` when known, else candidates, the likeliest first.

    ``company_id`` is whom somebody unknown works for. ``ignored`` tells what could not be read and did not count;
    ``behind``: the index does not know the latest changes yet.
    """

    kind: Literal["known", "candidates", "unknown"]
    customer_id: UUID | None
    score: float
    reasons: tuple[Reason, ...]
    candidates: tuple[Candidate, ...]
    company_id: UUID | None
    decided_by: str
    ignored: tuple[str, ...]
    behind: bool


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoint of this module."""
    yield Endpoint(
        "identify",
        "POST",
        "/identify",
        identify,
        msg("Tell who somebody is among the customers that you may see: the customer, candidates, or nobody known."),
        tag="customers",
        body=Evidence,
        returns=Recognition,
    )


def identify(call: Call) -> Recognition:
    """Answer who the evidence shows."""
    given = read_input(Evidence, call.mapping())
    services = call.ctx.services
    found = services.identify(services.evidence(**_known(given)), given.channel)
    return Recognition(
        kind=found.kind,
        customer_id=found.customer_id,
        score=found.score,
        reasons=_reasons(call, found.reasons),
        candidates=tuple(
            Candidate(one.customer_id, one.name, one.score, _reasons(call, one.reasons)) for one in found.candidates
        ),
        company_id=found.company_id,
        decided_by=found.decided_by,
        ignored=tuple(one.render(call.translate) for one in found.ignored),
        behind=found.behind,
    )


def _known(given: Evidence) -> dict[str, Any]:
    errors: list[FieldError] = []
    values: dict[str, Any] = {
        "external": tuple((given.external or {}).items()),
        "kind": given.kind,
        "birth_date": given.birth_date,
    }
    for name in ("emails", "phones"):
        values[name] = getattr(given, name)
        if len(values[name]) > MOST:
            errors.append(FieldError(f"/{name}", "too_many", None, msg("at most {count} of them", count=MOST)))
    for name in ("name", "address", "street", "postal_code", "city", "region", "country", "domain"):
        values[name] = getattr(given, name)
        if len(values[name]) > LONGEST:
            expected = msg("a text of at most {count} characters", count=LONGEST)
            errors.append(FieldError(f"/{name}", "too_long", None, expected))
    if errors:
        raise ValidationFailed(errors)
    return values


def _reasons(call: Call, some: Any) -> tuple[Reason, ...]:
    return tuple(Reason(one.code, one.bits, one.text.render(call.translate)) for one in some)
