"""Retention: what is too old for its purpose goes, rule by rule, in batches that are each a transaction.

A run may be stopped and started again at any time: what is gone is not found any more, and what was anonymised is known
by its entry in the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.access import Actor, Scope
from crmkit.core.entity import ViaLink
from crmkit.core.errors import AccessDenied, BadInput, ConfigError, CrmError, Refused, did_you_mean
from crmkit.core.filter import parse
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.core.personal_data import Erasure, PersonalDataSettings, RetentionRule
from crmkit.services.access.required import require_right
from crmkit.services.merging.resolving import resolve_all
from crmkit.services.personal_data.erasing import OpenAttachments, complete, erase, erase_planned, preview
from crmkit.services.personal_data.holding import check_rules, holds_on
from crmkit.services.personal_data.planning import Fate, Planning
from crmkit.services.personal_data.reach import Reach
from crmkit.store.application import Application
from crmkit.store.chunks import distinct_chunks
from crmkit.store.session import Session

BATCH = 100
"""Records, with their parts, that go in one transaction; customers go one by one."""

PENDING = "kept until now"
"""The name under which erasures are reported that are completed because what had to be kept is over."""


@frozen
class NotGone:
    """A record that a rule is about and that stays, and why."""

    entity: str
    record_id: UUID
    reason: Message


@frozen
class RuleReport:
    """What one rule did, or in a dry run would do: how many records it found, went, and stay for a reason."""

    rule: str
    entity: str
    action: str
    found: int
    gone: int
    stays: tuple[NotGone, ...]


@frozen
class RetentionReport:
    """What a run did."""

    dry_run: bool
    rules: tuple[RuleReport, ...]

    @property
    def gone(self) -> int:
        """How many records went."""
        return sum(rule.gone for rule in self.rules)


def check_retention(session: Session, settings: PersonalDataSettings) -> None:
    """Raise ConfigError for a rule about an entity that there is not, or with a filter that cannot be read."""
    check_rules(session, settings.keep)
    registry = session.database.registry
    for rule in settings.retention:
        try:
            if not registry.get(rule.entity).editable:
                raise BadInput(msg("{entity} is written by the store alone", entity=rule.entity))
            parse(rule.filter, registry, rule.entity)
        except CrmError as error:
            raise ConfigError(msg("rule {name}: {error}", name=rule.name, error=error.message)) from None


def run_retention(
    application: Application,
    actor: Actor,
    settings: PersonalDataSettings,
    *,
    names: Iterable[str] = (),
    dry_run: bool = False,
    attachments: OpenAttachments | None = None,
    size: int = BATCH,
    on_progress: Callable[[str, int], None] | None = None,
) -> RetentionReport:
    """Let go what the rules say, and complete erasures for which something had to be kept until now.

    ``names`` limits it to some rules. A record that a hold, a rule or a plugin keeps stays and is reported. Needs the
    right to erase; raises AccessDenied, BadInput for an unknown rule and ConfigError for one that is wrong.
    ``on_progress`` gets the name of the rule and how many records went so far.
    """
    wanted = tuple(names)
    chosen = _chosen(settings, wanted)
    with Session(application, actor, reads=True) as session:
        check_retention(session, settings)
        for entity in dict.fromkeys(("customer", *(rule.entity for rule in chosen))):
            if actor.scope(entity, "erase") is Scope.NONE:
                raise AccessDenied(msg("{actor} may not erase {entity}", actor=actor.name, entity=entity))
    run = _Run(application, actor, settings, dry_run, attachments, size, on_progress)
    reports = [] if wanted else [run.completed()]
    reports += [run.applied(rule) for rule in chosen]
    return RetentionReport(dry_run, tuple(reports))


def _chosen(settings: PersonalDataSettings, names: Sequence[str]) -> tuple[RetentionRule, ...]:
    known = {rule.name: rule for rule in settings.retention}
    for name in names:
        if name not in known:
            raise BadInput(msg("no retention rule {name}; {hint}", name=name, hint=did_you_mean(name, known)))
    return tuple(known[name] for name in names or known)


@attrs.define
class _Tally:
    found: int = 0
    gone: int = 0
    stays: list[NotGone] = attrs.field(factory=list)


class _Run:
    def __init__(
        self,
        application: Application,
        actor: Actor,
        settings: PersonalDataSettings,
        dry_run: bool,
        attachments: OpenAttachments | None,
        size: int,
        on_progress: Callable[[str, int], None] | None,
    ) -> None:
        self._app, self._actor, self._settings, self._dry_run = application, actor, settings, dry_run
        self._attachments, self._size, self._on_progress = attachments, size, on_progress

    def completed(self) -> RuleReport:
        """Complete the erasures for which something had to be kept until now."""
        tally = _Tally()
        with self._session(reads=True) as session:
            due = session.list(Erasure, "kept_until <= now")
        for erasure in due:
            self._each(tally, erasure.customer_id, partial(self._complete, erasure=erasure))
        return RuleReport(PENDING, "customer", "erase", tally.found, tally.gone, tuple(tally.stays))

    def applied(self, rule: RetentionRule) -> RuleReport:
        """Let go what a rule is about."""
        tally, last = _Tally(), UUID(int=0)
        while True:
            with self._session(reads=True) as session:
                found, last = self._next(session, rule, last)
            if not found:
                break
            if rule.action == "erase":
                for id in found:
                    self._each(tally, id, partial(self._erase, rule=rule, id=id))
            else:
                self._batch(tally, rule, found)
            if self._on_progress is not None:
                self._on_progress(rule.name, tally.gone)
        return RuleReport(rule.name, rule.entity, rule.action, tally.found, tally.gone, tuple(tally.stays))

    def _session(self, *, reads: bool = False) -> Session:
        return Session(self._app, self._actor, reads=reads or self._dry_run)

    # -- customers -----------------------------------------------------------------------------------------------

    def _each(self, tally: _Tally, id: UUID, work: Callable[[Session], Iterable[Message]]) -> None:
        """Do one piece of work in a transaction of its own; what is refused stays and is told."""
        tally.found += 1
        refused: Iterable[Message]
        try:
            with self._session() as session:
                refused = work(session)
        except Refused as error:
            refused = [reason for _, reason, _ in error.refusals]
        reasons = [NotGone("customer", id, reason) for reason in refused]
        tally.stays += reasons
        tally.gone += not reasons

    def _erase(self, session: Session, rule: RetentionRule, id: UUID) -> Iterable[Message]:
        reason = rule.reason or f"retention: {rule.name}"
        if self._dry_run:
            return preview(session, id, reason, settings=self._settings).blocked
        erase(session, id, reason, settings=self._settings, attachments=self._attachments)
        return ()

    def _complete(self, session: Session, erasure: Erasure) -> Iterable[Message]:
        if not self._dry_run:
            complete(session, erasure, settings=self._settings, attachments=self._attachments)
        return ()

    # -- other records -------------------------------------------------------------------------------------------

    def _batch(self, tally: _Tally, rule: RetentionRule, ids: Sequence[UUID]) -> None:
        fate: Fate = "delete" if rule.action == "delete" else "anonymise"
        with self._session() as session:
            info = session.database.registry.get(rule.entity)
            require_right(session, info, ids, "erase")
            with session.acting_as(session.actor.elevated()):
                records = session.list(info.cls, id=list(ids), deleted=True)
                held = self._held(session, rule, records)
                free = [record for record in records if record.id not in held]
                if free and not self._dry_run:
                    planning = self._planned(session, rule, free, fate)
                    erase_planned(session, planning, None, self._attachments)
        tally.found += len(records)
        tally.gone += len(free)
        tally.stays += [NotGone(rule.entity, id, reason) for id, reason in held.items()]

    def _planned(self, session: Session, rule: RetentionRule, records: Sequence[Any], fate: Fate) -> Planning:
        return Planning(session, Reach(session, rule.entity, records), self._settings.keep, self._settings.shared, fate)

    def _held(self, session: Session, rule: RetentionRule, records: Sequence[Any]) -> dict[UUID, Message]:
        """Return which records must stay, and why: for themselves, or with a customer under a legal hold."""
        kept = self._planned(session, rule, records, "keep").kept
        held = {r.id: kept[rule.entity, r.id].reason for r in records if (rule.entity, r.id) in kept}
        owners = _customers_of(session, rule.entity, records)
        holds = holds_on(session, "customer", {customer for some in owners.values() for customer in some})
        for id, some in owners.items():
            for customer in some & holds.keys():
                held[id] = msg("legal hold: {reason}", reason=holds[customer].reason)
        return held

    def _next(self, session: Session, rule: RetentionRule, after: UUID) -> tuple[list[UUID], UUID]:
        """Return the next records that a rule is about, deleted ones too, and how far it looked."""
        cls = session.database.registry.get(rule.entity).cls
        session.heed_rights()
        while True:
            found = session.reader.list(
                session.connection, cls, rule.filter, deleted=True, equal={}, after=after, limit=self._size
            )
            if found:
                after = found[-1].id
            done = _gone(session, found) if rule.entity == "customer" else _done(session, found)
            fresh = [record.id for record in found if record.id not in done]
            if fresh or len(found) < self._size:
                return fresh, after


def _gone(session: Session, customers: Sequence[Any]) -> set[UUID]:
    """Return which customers were erased before, or became part of others, which rules are about for themselves."""
    ids = [customer.id for customer in customers]
    found = {id for id, end in resolve_all(session, "customer", ids).items() if end != id}
    with session.acting_as(session.actor.elevated()):
        for chunk in distinct_chunks(ids):
            found |= {erasure.customer_id for erasure in session.list(Erasure, customer_id=chunk)}
    return found


def _done(session: Session, records: Collection[Any]) -> set[UUID]:
    """Return which records nobody has changed since their values were erased."""
    versions, found = {record.id: record.version for record in records}, set[UUID]()
    table = session.database.tables["audit_entry"]
    for chunk in distinct_chunks(versions):
        statement = (
            sa.select(table.c.record_id, sa.func.max(table.c.version))
            .where(table.c.tenant_id == session.actor.tenant_id, table.c.record_id.in_(chunk))
            .where(table.c.action == "erased")
            .group_by(table.c.record_id)
        )
        found |= {id for id, version in session.connection.execute(statement) if version == versions[id]}
    return found


def _customers_of(session: Session, entity: str, records: Sequence[Any]) -> dict[UUID, set[UUID]]:
    """Return whose records are: by their own references, or as those who take part."""
    registry = session.database.registry
    info = registry.get(entity)
    found: dict[UUID, set[UUID]] = {record.id: set() for record in records}
    for field in info.stored:
        if field.reference == "customer":
            for record in records:
                found[record.id] |= {getattr(record, field.name)} - {None}
    for rule in info.access:
        if isinstance(rule, ViaLink) and registry.get(rule.link).field(rule.there).reference == "customer":
            for chunk in distinct_chunks(found):
                equal: dict[str, Any] = {rule.here: chunk}
                for link in session.list(registry.get(rule.link).cls, **equal):
                    found[getattr(link, rule.here)] |= {getattr(link, rule.there)} - {None}
    return found
