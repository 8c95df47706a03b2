"""What is told of a lead when it comes in, and how it is read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from crmkit.core.entity import EMPTY
from crmkit.core.frozen import frozen
from crmkit.core.values.contact_point import normalise_point
from crmkit.core.values.mail import is_free_mail_domain
from crmkit.plugin import BadInput, Money
from crmkit_sfa.leads.entities import Lead

TEXTS = (
    *("name", "person", "job_title", "company", "email", "phone", "domain"),
    *("street", "city", "postal_code", "country", "language", "interest"),
)
"""The texts of a lead that somebody who asks can give."""


@frozen(kw_only=True)
class LeadDetails:
    """What came in. Everything is optional; ``key`` is what the channel calls it: the same one is taken once.

    ``raw`` is kept as it is, whatever could be read of it.
    """

    name: str = ""
    person: str = ""
    job_title: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    domain: str = ""
    street: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""
    language: str = ""
    interest: str = ""
    product_id: UUID | None = None
    estimated: Money | None = None
    customer_id: UUID | None = None
    source: str = ""
    campaign: str = ""
    channel: str = "manual"
    key: str = ""
    at: datetime | None = None
    raw: Mapping[str, Any] = EMPTY
    interaction_id: UUID | None = None
    custom: Mapping[str, Any] = EMPTY

    @property
    def values(self) -> dict[str, Any]:
        """The fields of a lead that are filled."""
        texts = {name: getattr(self, name).strip() for name in TEXTS}
        other = {name: getattr(self, name) for name in ("product_id", "estimated", "customer_id")}
        filled = {name: value for name, value in texts.items() if value}
        return filled | {name: value for name, value in other.items() if value is not None}


def key_of(kind: str, value: str, country: str = "") -> str:
    """Return the normalised form of a mail address or phone; an empty text when it cannot be read."""
    if not value.strip():
        return ""
    try:
        return normalise_point(kind, value, country or None)
    except BadInput:
        return ""


def company_domain(email: str, domain: str) -> str:
    """Return the domain of the company: as given, else that of a mail address which is not at a provider for all."""
    if domain:
        return domain
    own = key_of("email", email).rpartition("@")[2]
    return "" if not own or is_free_mail_domain(own) else own


def called(lead: Lead) -> str:
    """Return what a lead is called when nobody gave it a name: who asks, else where from, else about what."""
    who = ", ".join(filter(None, (lead.person, lead.company)))
    return (who or lead.email or lead.phone or first_line(lead.interest))[:200]


def first_line(text: str) -> str:
    """Return the first line of a text that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
