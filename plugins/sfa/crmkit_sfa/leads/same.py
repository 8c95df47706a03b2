"""Whether somebody who comes forward is who asked before. Pure."""

from __future__ import annotations

from crmkit.core.values.text import fold
from crmkit_sfa.leads.entities import Lead


def same_asker(one: Lead, other: Lead) -> bool:
    """Tell whether two leads are of the same asker: one customer, one claim, one mail address or one phone.

    A telephone is shared by many: it counts only where neither mail addresses nor names speak against it.
    """
    if one.customer_id is not None and one.customer_id == other.customer_id:
        return not _apart(one.person, other.person)
    if one.claim_id is not None and one.claim_id == other.claim_id:
        return True
    if one.email_key and one.email_key == other.email_key:
        return True
    if one.phone_key and one.phone_key == other.phone_key:
        return not _apart(one.email_key, other.email_key) and not _apart(one.person, other.person)
    return False


def _apart(one: str, other: str) -> bool:
    return bool(one and other) and _words(one) != _words(other)


def _words(name: str) -> list[str]:
    return sorted(fold(name).replace(",", " ").split())
