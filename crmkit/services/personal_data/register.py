"""The register of processing activities (GDPR, Article 30; PIPL, Article 55 and 56), made from what the application knows.

Which personal data there is follows from the sensitivity of fields, which purposes there are from statements of consent
and the configuration, how long it is kept from the rules. What nobody has named a purpose for is listed as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
import sqlalchemy as sa

from crmkit.core.access import Scope
from crmkit.core.consent import Consent
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import EntityInfo, ViaLink, entity_info
from crmkit.core.erasure import erase_policy
from crmkit.core.errors import AccessDenied, ConfigError
from crmkit.core.frozen import frozen
from crmkit.core.merging import generic_reference
from crmkit.core.messages import msg
from crmkit.core.personal_data import (
    RELATIONSHIPS,
    STAFF,
    KeepRule,
    PersonalDataSettings,
    ProcessingActivity,
    RetentionRule,
)
from crmkit.core.registry import EntityRegistry
from crmkit.services.personal_data.retention import check_retention
from crmkit.store.session import Session


@frozen
class DataCategory:
    """The personal data of one entity: its fields by label, those under special protection apart.

    ``erase`` says what becomes of a record when the customer is erased.
    """

    entity: str
    label: str
    plugin: str
    personal: tuple[str, ...]
    special: tuple[str, ...]
    erase: str


@frozen
class Activity:
    """One processing activity, with the data that it works with and the rules for how long that is kept."""

    activity: ProcessingActivity
    plugin: str
    data: tuple[DataCategory, ...]
    keeps: tuple[KeepRule, ...]
    retention: tuple[RetentionRule, ...]


@frozen
class ConsentPurpose:
    """A purpose that customers have made statements on: by which channel, on which basis, and how many of each kind."""

    purpose: str
    channel: str
    legal_basis: str
    statements: Mapping[str, int]


@frozen
class ProcessingRegister:
    """The register. ``without_purpose`` is personal data that no activity names, ``without_end`` what no rule ends."""

    controller: str
    officer: str
    made_at: datetime
    activities: tuple[Activity, ...]
    consents: tuple[ConsentPurpose, ...]
    measures: tuple[str, ...]
    without_purpose: tuple[DataCategory, ...]
    without_end: tuple[str, ...]


def processing_register(
    session: Session, settings: PersonalDataSettings, registered: Iterable[tuple[str, ProcessingActivity]] = ()
) -> ProcessingRegister:
    """Return the register of processing; ``registered`` are the activities that plugins brought, with their plugins.

    Needs the right to read consents: raises AccessDenied without. Raises ConfigError for an activity about an entity that
    there is not.
    """
    if session.actor.scope("consent", "read") is Scope.NONE:
        raise AccessDenied(msg("{actor} may not read {entity}", actor=session.actor.name, entity="consent"))
    check_retention(session, settings)
    registry = session.database.registry
    categories = {info.name: category for info in registry if (category := category_of(registry, info)) is not None}
    own = settings.activities or (attrs.evolve(RELATIONSHIPS, entities=_of_core(categories)), STAFF)
    declared = [*(("", one) for one in own), *registered]
    activities = tuple(_activity(plugin, one, registry, categories, settings) for plugin, one in declared)
    named = {data.entity for one in activities for data in one.data}
    ended = {rule.entity for rule in settings.retention}
    return ProcessingRegister(
        controller=settings.controller,
        officer=settings.officer,
        made_at=session.clock.now(),
        activities=activities,
        consents=tuple(_consents(session)),
        measures=(*settings.measures, *_measures()),
        without_purpose=tuple(category for name, category in categories.items() if name not in named),
        without_end=tuple(name for name in categories if name not in ended and not _ends_with(registry, name, ended)),
    )


def category_of(registry: EntityRegistry, info: EntityInfo) -> DataCategory | None:
    """Return the personal data of an entity; None where it has none."""
    personal = [f.label for f in info.fields if f.sensitivity == "personal"]
    special = [f.label for f in info.fields if f.sensitivity == "special"]
    refers = any(f.reference == "customer" for f in info.fields)
    if not (personal or special or refers) or not info.editable:
        return None
    return DataCategory(info.name, info.plural_label, info.plugin, tuple(personal), tuple(special), _fate(info))


def _fate(info: EntityInfo) -> str:
    if info.name == "customer":
        return "delete"
    policies = [erase_policy(info, f) for f in info.fields if f.reference == "customer"]
    generic = generic_reference(info)
    if generic is not None:
        policies.append(erase_policy(info, generic))
    policies += [erase_policy(info, f) for f in info.stored if f.reference not in ("", "customer") and not f.common]
    if any(isinstance(rule, ViaLink) for rule in info.access):
        policies.append("tombstone")
    return next((policy for policy in policies if policy is not None), "")


def _of_core(categories: Mapping[str, DataCategory]) -> tuple[str, ...]:
    core = {entity_info(cls).name for cls in CORE_ENTITIES}
    return tuple(name for name in categories if name in core and name not in STAFF.entities)


def _activity(
    plugin: str,
    activity: ProcessingActivity,
    registry: EntityRegistry,
    categories: Mapping[str, DataCategory],
    settings: PersonalDataSettings,
) -> Activity:
    for name in activity.entities:
        try:
            registry.get(name)
        except ConfigError as error:
            raise ConfigError(msg("activity {id}: {error}", id=activity.id, error=error.message)) from None
    return Activity(
        activity,
        plugin,
        tuple(categories[name] for name in activity.entities if name in categories),
        tuple(rule for rule in settings.keep if rule.entity in activity.entities),
        tuple(
            rule
            for rule in settings.retention
            if rule.entity in activity.entities
            and (not rule.purpose or rule.purpose in (activity.id, activity.purpose))
        ),
    )


def _consents(session: Session) -> Iterator[ConsentPurpose]:
    table = session.table(Consent)
    hidden = session.hidden(Consent)
    if hidden & {"purpose", "channel", "legal_basis", "decision"}:
        return
    keys = (table.c.purpose, table.c.channel, table.c.legal_basis)
    counted: sa.Select[Any] = sa.select(*keys, table.c.decision, sa.func.count()).group_by(*keys, table.c.decision)
    rows: Iterable[Any] = session.execute(counted)
    found: dict[tuple[str, str, str], Counter[str]] = {}
    for purpose, channel, basis, decision, count in rows:
        found.setdefault((purpose, channel, basis), Counter())[decision] += count
    for (purpose, channel, basis), counts in sorted(found.items()):
        yield ConsentPurpose(purpose, channel, basis, dict(sorted(counts.items())))


def _measures() -> Sequence[str]:
    """Return what crmkit itself does, so that nobody forgets to write it down."""
    return (
        "Rights by role, scope and field, the same on every way to read",
        "An audit log of all changes, sealed into a hash chain",
        "Erasure over all records, journals, indexes and files, with a tombstone of keyed digests",
    )


def _ends_with(registry: EntityRegistry, name: str, ended: set[str]) -> bool:
    """Whether the records of an entity go with those of another that a rule ends: as its parts, or with the customer."""
    info = registry.get(name)
    for field in info.stored:
        if field.reference in ended and erase_policy(info, field) in ("follow", "delete", "tombstone"):
            return True
    return bool(ended) and generic_reference(info) is not None
