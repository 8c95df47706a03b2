"""What is known of a party, normalised and ready to be compared."""

from __future__ import annotations

from crmkit.core.customer import CustomerKind
from crmkit.core.frozen import frozen
from crmkit.core.values.partial_date import PartialDate


@frozen
class Place:
    """An address: ``key`` is the comparison form of the whole line, the other parts may be empty."""

    key: str = ""
    postal_code: str = ""
    city: str = ""


@frozen
class Party:
    """A customer, or a somebody, by what tells it apart. All values are in their normalised forms.

    ``names`` holds every name it is known by; ``kind`` None means that nothing is known of it.
    """

    kind: CustomerKind | None = None
    names: tuple[str, ...] = ()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    places: tuple[Place, ...] = ()
    birth_date: PartialDate | None = None
    domain: str = ""
