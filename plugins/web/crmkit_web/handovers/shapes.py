"""What hand-overs look like in the API."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal
from uuid import UUID

import attrs

from crmkit.core.frozen import frozen


@frozen(kw_only=True)
class RuleBody:
    """Gives records to heirs: their logins, ``team:NAME`` for the users of a team, ``@owner`` for the customer's owner.

    It is about the records of ``entity`` (``*``: of all) that match ``filter`` and are open or closed, where ``progress``
    says so; several heirs get them evenly by count, or by the value of customers.
    """

    to: tuple[str, ...] = attrs.field(metadata={"schema": {"minItems": 1}})
    entity: str = "customer"
    filter: str = attrs.field(default="", metadata={"schema": {"format": "crmkit-filter"}})
    progress: Literal["", "open", "closed"] = ""
    split: Literal["count", "value"] = "count"


@frozen(kw_only=True)
class HandOverBody:
    """Who gets what: the first rule that takes a record decides, and ``rest`` (logins) gets what none takes.

    ``reports_to`` is the login of whom users report to from then on. Without anything, an interrupted one goes on.
    """

    rules: tuple[RuleBody, ...] = ()
    rest: tuple[str, ...] = ()
    reports_to: str = ""
    note: str = attrs.field(default="", validator=attrs.validators.max_len(500))


@frozen
class HeldLine:
    """How many records of an entity name a user in a field: open, closed, and private."""

    entity: str
    field: str
    total: int
    open: int
    closed: int
    private: int


@frozen(kw_only=True)
class HoldingsShown:
    """Everything that depends on a user; ``reports`` are the logins of those who report to the user."""

    user_id: UUID
    login: str
    state: str
    owned: tuple[HeldLine, ...]
    assigned: tuple[HeldLine, ...]
    shares: int
    delegations: int
    reports: tuple[str, ...]


@frozen
class HeirLine:
    """What an heir, by login, gets of one entity."""

    heir: str
    entity: str
    field: str
    count: int
    open: int
    closed: int


@frozen
class UntakenLine:
    """How many records of an entity no rule takes."""

    entity: str
    count: int


@frozen
class WorthLine:
    """What the customers of an heir are worth, where a rule splits by value."""

    heir: str
    value: Decimal


@frozen(kw_only=True)
class PlanShown:
    """What a hand-over would do; ``blocked`` says why it cannot be done."""

    holdings: HoldingsShown
    passes: tuple[HeirLine, ...]
    values: tuple[WorthLine, ...]
    untaken: tuple[UntakenLine, ...]
    blocked: tuple[str, ...]
