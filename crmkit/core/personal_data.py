"""Personal data: what is remembered of erasures, what must not be erased yet, and what an installation says of it all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Literal
from uuid import UUID

import attrs

from crmkit.core.entity import EMPTY, Own, Record, ViaRecord, entity, field
from crmkit.core.errors import BadInput, FieldError
from crmkit.core.filter.faults import Unsuitable
from crmkit.core.filter.moments import FilterContext, Moment, read_moment
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg

Returning = Literal["refuse", "ask", "new"]
Shared = Literal["redact", "clear"]
RetentionAction = Literal["erase", "delete", "anonymise"]


@entity("erasure", title="reason", indexes=(("customer_id",), ("kept_until",)))
class Erasure(Record):
    """The tombstone of an erased customer: when, by whom and why. It holds nothing of what the customer was.

    ``predecessors`` are the ids of customers that had been merged into it, ``counts`` says how many records went by what
    became of them. Until ``kept_until`` some must be kept; they go with the first retention run after it.
    ``readmitted_at``: since then the same person may be taken in again.
    """

    customer_id: UUID = field(label="Customer")
    predecessors: tuple[str, ...] = field(default=(), help="Ids")
    reason: str = field(max_length=500)
    counts: Mapping[str, Any] = field(default=EMPTY)
    kept_until: datetime | None = field(default=None)
    readmitted_at: datetime | None = field(default=None)


@entity("legal_hold", title="reason", access=(Own(), ViaRecord()), indexes=(("record_id",),))
class LegalHold(Record):
    """A record that must not be erased, nor what belongs to it, for a reason such as a lawsuit; perhaps until a day."""

    entity: str = field(max_length=100, erase="keep")
    record_id: UUID = field(label="Record", erase="tombstone")
    reason: str = field(max_length=500)
    until: datetime | None = field(default=None, help="Empty: until it is deleted")


@frozen(kw_only=True)
class KeepRule:
    """Records that must be kept for a time, also when the person they are about is erased: invoices, for instance."""

    name: str = attrs.field(validator=attrs.validators.min_len(1))
    """What the rule is called."""
    entity: str
    """What is kept, as in ``interaction``."""
    filter: str = ""
    """Which of them, in the filter language; empty: all."""
    period: str
    """How long, as in ``10 years``, ``18 months`` or ``90 days``."""
    since: str = "created_at"
    """The field with the day or time that it is counted from."""
    from_year_end: bool = False
    """Whether it is counted from the end of that year."""
    legal_basis: str = "legal_obligation"
    """Why they may be kept."""
    reason: str = ""
    """What a person is told, as in ``invoices are kept for ten years by tax law``."""


@frozen(kw_only=True)
class RetentionRule:
    """Records that go once they are too old for their purpose."""

    name: str = attrs.field(validator=attrs.validators.min_len(1))
    """What the rule is called."""
    purpose: str = ""
    """What the records are there for, as in ``sales``."""
    entity: str
    """What goes, as in ``interaction``."""
    filter: str
    """Which of them, in the filter language: their age, too, as in ``occurred_at < today - 3 years``."""
    action: RetentionAction
    """``erase`` customers with all that is held on them; ``delete`` records, or ``anonymise`` them, with their parts."""
    reason: str = ""
    """What is noted with an erasure; empty: the name of the rule."""


@frozen(kw_only=True)
class ProcessingActivity:
    """Something that an installation or plugin does with personal data, as the register of processing tells it."""

    id: str = attrs.field(validator=attrs.validators.min_len(1))
    """Its word; a plugin's begins with the plugin's name."""
    name: str
    """What people call it, as in ``Newsletter``."""
    purpose: str
    """What it is for."""
    legal_basis: str = ""
    """What it rests on, as in ``consent``, ``contract``, ``legal_obligation`` or ``legitimate_interests``."""
    entities: tuple[str, ...] = ()
    """The entities that it works with; their personal fields are the categories of data."""
    data: tuple[str, ...] = ()
    """Categories of data that are in no entity."""
    subjects: tuple[str, ...] = ("customers",)
    """Whose data it is, as in ``customers`` or ``employees of customers``."""
    recipients: tuple[str, ...] = ()
    """Who gets it."""
    transfers: tuple[str, ...] = ()
    """Countries outside one's own that it goes to, with the safeguard."""
    retention: str = ""
    """How long it is kept, where no rule says so."""


@frozen(kw_only=True)
class PersonalDataSettings:
    """Who answers for personal data, how long it is kept, and what happens when an erased customer comes again."""

    controller: str = ""
    """Who answers for the data: name and address."""
    officer: str = ""
    """Whom to ask: the data protection officer."""
    measures: tuple[str, ...] = ()
    """Technical and organizational measures, for the register."""
    returning: Returning = "refuse"
    """When an erased customer arrives again: ``refuse``, ``ask`` a person, or take in as ``new``, without history."""
    shared: Shared = "redact"
    """Interactions with other customers: ``redact`` takes the person's names and addresses out, ``clear`` all text."""
    keep: tuple[KeepRule, ...] = ()
    """What must be kept for a time."""
    retention: tuple[RetentionRule, ...] = ()
    """What goes once it is too old."""
    activities: tuple[ProcessingActivity, ...] = ()
    """What is done with personal data."""


RELATIONSHIPS = ProcessingActivity(
    id="crmkit.relationships",
    name="Customer relationships",
    purpose="keep and develop relationships with customers and those who may become customers",
    legal_basis="contract",
)
"""What the core does with personal data of customers, unless an installation says it in its own words."""

STAFF = ProcessingActivity(
    id="crmkit.staff",
    name="Access to the CRM",
    purpose="know who works with the CRM, with which rights, and who changed what",
    legal_basis="legitimate_interests",
    entities=("user",),
    subjects=("employees",),
)
"""What the core does with personal data of those who work with it, unless an installation says it in its own words."""


def kept_until(rule: KeepRule, record: Any, zone: str = "UTC") -> datetime | None:
    """Return the end of the time that a record must be kept; None where it has no time to count from."""
    start = getattr(record, rule.since, None)
    if start is None:
        start = record.created_at
    if start is None:
        return None
    instant = start if isinstance(start, datetime) else datetime.combine(start, time(12), UTC)
    context = FilterContext(now=instant, zone=zone)
    if rule.from_year_end:
        last = date(instant.astimezone(context.tz).year, 12, 31)
        context = attrs.evolve(context, now=context.end_of(last))
    end = _after(rule.period).resolve(context)
    assert isinstance(end, datetime), "what is counted from now is an instant"
    return end


def settings_errors(settings: PersonalDataSettings) -> Iterator[FieldError]:
    """Yield what is wrong with settings, whatever the entities are: periods, and names that come twice."""
    for place, rule in enumerate(settings.keep):
        try:
            _after(rule.period)
        except BadInput as error:
            yield FieldError(f"personal_data.keep[{place}].period", "period", rule.period, error.message)
    for section in ("keep", "retention", "activities"):
        known: set[str] = set()
        for place, item in enumerate(getattr(settings, section)):
            name = item.id if isinstance(item, ProcessingActivity) else item.name
            if name in known:
                path = f"personal_data.{section}[{place}]"
                yield FieldError(path, "duplicate", name, msg("a name that no other has"))
            known.add(name)
    for place, retention in enumerate(settings.retention):
        if (retention.action == "erase") != (retention.entity == "customer"):
            expected = msg("erase for customers, delete or anonymise for anything else")
            yield FieldError(f"personal_data.retention[{place}].action", "action", retention.action, expected)


def _after(period: str) -> Moment:
    try:
        found = read_moment(f"now + {period}")
    except Unsuitable:
        found = None
    if found is None or not found.shifts or any(amount < 0 for amount, _ in found.shifts):
        raise BadInput(msg("a period such as 10 years, 18 months or 90 days"))
    return found
