"""Erasing a person: preview it, do it. All in one transaction, with everything that was merged into the customer.

What remains is a tombstone: that somebody was erased, when, by whom and why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.customer import Customer
from crmkit.core.entity import Part, change
from crmkit.core.erasure import names_pattern
from crmkit.core.errors import BadInput, Conflict, NotFound, PluginError, Refused
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.core.personal_data import Erasure, PersonalDataSettings, Shared
from crmkit.core.values.ids import parse_id
from crmkit.hooks.personal_data import Erasing
from crmkit.hooks.records import Change
from crmkit.hooks.run import refusals, run_derive
from crmkit.services.access.required import require_right
from crmkit.services.append_only import rewriting
from crmkit.services.attachments import Attachments, release
from crmkit.services.erased_contacts import contact_keys, kept_under
from crmkit.services.merging.resolving import merged_into, resolve
from crmkit.services.personal_data.holding import check_rules
from crmkit.services.personal_data.identifiers import identifiers_of
from crmkit.services.personal_data.planning import Going, Planning, Staying
from crmkit.services.personal_data.reach import Reach
from crmkit.services.personal_data.traces import erase_traces, journals_of
from crmkit.services.personal_data.undecided import claims_going, emptied_claim
from crmkit.store.erased_keys import Identifier, remember
from crmkit.store.locking import locked
from crmkit.store.purging import checkpoint
from crmkit.store.session import Session

CORE = "crmkit"
STANDARD = PersonalDataSettings()

OpenAttachments = Callable[[], Attachments]
"""Gives the store of attachments; called only when there are some to erase."""


@frozen
class ErasurePlan:
    """What erasing a customer would do. ``blocked`` says why it cannot be done; empty: it can.

    ``customers`` are all ids under which the customer was known, the present one first. ``merges`` are those that could
    not be undone any more, ``files`` the attachments that go. ``claims`` are undecided and may be the customer: what came
    in with them goes, while the interactions that wait for them stay unless they are resolved first.
    """

    customer: Customer
    customers: tuple[UUID, ...]
    going: tuple[Going, ...]
    staying: tuple[Staying, ...]
    merges: int
    files: int
    claims: tuple[UUID, ...]
    blocked: tuple[Message, ...]

    @property
    def allowed(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.blocked

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """How many records of each entity meet which fate."""
        found: dict[str, dict[str, int]] = {}
        for going in self.going:
            found.setdefault(going.entity, {})[going.fate] = going.count
        return found


def preview(
    session: Session,
    customer: Customer | UUID | str,
    reason: str = "",
    *,
    settings: PersonalDataSettings = STANDARD,
    shared: Shared | None = None,
) -> ErasurePlan:
    """Return what erasing a customer would do, and change nothing.

    The id of a customer that was merged leads to what it became; deleted ones are erased as well. All that refers to the
    customer counts, also where the actor may not read it. Raises NotFound, AccessDenied without the right to erase the
    customer, and Conflict for one that was erased before.
    """
    found = _found(session, customer)
    with session.acting_as(session.actor.elevated()):
        _refuse_erased(session, found)
        return _Work(session, found, reason, settings, shared).plan


def erase(
    session: Session,
    customer: Customer | UUID | str,
    reason: str,
    *,
    settings: PersonalDataSettings = STANDARD,
    attachments: OpenAttachments | None = None,
    shared: Shared | None = None,
) -> Erasure:
    """Erase a customer and return the tombstone; it is done when the session is committed.

    ``reason`` is kept, so it should not name the person. ``shared`` overrides what the settings say of interactions with
    other customers. Raises as ``preview``, BadInput without a reason, and Refused with everything against it. On SQLite
    and PostgreSQL bytes may remain until ``purge``.
    """
    if not reason.strip():
        raise BadInput(msg("an erasure needs a reason, such as: request of the person"))
    found = _found(session, customer)
    with session.acting_as(session.actor.elevated()):
        _refuse_erased(session, found)
        held = locked(session, "customer", [found.id, *merged_into(session, Customer, found.id)])
        work = _Work(session, held[found.id], reason, settings, shared)
        tombstone = Erasure(
            customer_id=found.id, predecessors=tuple(map(str, work.plan.customers[1:])), reason=reason.strip()
        )
        return work.carry_out(tombstone, attachments)


def complete(
    session: Session,
    erasure: Erasure,
    *,
    settings: PersonalDataSettings = STANDARD,
    attachments: OpenAttachments | None = None,
) -> Erasure:
    """Erase what had to be kept when a customer was erased, as far as that time is over; returns the tombstone.

    Raises AccessDenied without the right to erase the customer, and Refused.
    """
    found = _found(session, erasure.customer_id)
    with session.acting_as(session.actor.elevated()):
        locked(session, "customer", [found.id])
        return _Work(session, found, erasure.reason, settings, None).carry_out(erasure, attachments)


def erasure_of(session: Session, customer: UUID) -> Erasure | None:
    """Return the tombstone of a customer, also by the id of one that was merged into it; None when there is none."""
    with session.acting_as(session.actor.elevated()):
        return session.find(Erasure, customer_id=resolve(session, Customer, customer))


class _Work:
    """One erasure of one customer, with every right."""

    def __init__(
        self,
        session: Session,
        customer: Customer,
        reason: str,
        settings: PersonalDataSettings,
        shared: Shared | None,
    ) -> None:
        self._session, self._reason = session, reason
        check_rules(session, settings.keep)
        ids = (customer.id, *merged_into(session, Customer, customer.id))
        roots = sorted(session.list(Customer, id=list(ids), deleted=True), key=lambda one: ids.index(one.id))
        self._reach = Reach(session, "customer", roots)
        self._planning = Planning(session, self._reach, settings.keep, shared or settings.shared)
        self._customer, self._ids = customer, ids
        self._known = identifiers_of(session, self._reach)
        self._texts = names_pattern(self._known.telling)
        self._claims = claims_going(session, ids, self._known, self._texts)
        self.plan = self._planned()

    def _planned(self) -> ErasurePlan:
        planning, session = self._planning, self._session
        gone = {id for ids in planning.ids("delete", "anonymise").values() for id in ids}
        plan = ErasurePlan(
            customer=self._customer,
            customers=self._ids,
            going=planning.going(),
            staying=planning.staying(),
            merges=journals_of(session, gone),
            files=len(file_digests(planning)),
            claims=tuple(one.id for one in self._claims if one.state == "open" and one.deleted_at is None),
            blocked=planning.blocked,
        )
        caller = session.hooks.caller("guard_erasure")
        if not caller.has_impls:
            return plan
        refused = [
            msg("refused by {plugin}: {reason}", plugin=one.plugin, reason=one.reason)
            for one in refusals(caller, session.contexts, self._call(plan))
        ]
        return attrs.evolve(plan, blocked=(*plan.blocked, *refused))

    def _call(self, plan: ErasurePlan) -> Erasing:
        return Erasing(plan.customer, plan.customers, self._reason, plan.counts, self._session.cause)

    def carry_out(self, tombstone: Erasure, attachments: OpenAttachments | None) -> Erasure:
        session, plan = self._session, self.plan
        if plan.blocked:
            raise Refused(CORE, plan.blocked[0], [(CORE, reason, plan.customer.id) for reason in plan.blocked])
        gone = [item.record for item in self._reach if self._planning.fate(item) in ("delete", "anonymise")]
        contacts = set(contact_keys(gone))
        derived = [*self._derived(), *(("", emptied_claim(claim, tombstone.id)) for claim in self._claims)]
        erase_planned(session, self._planning, self._texts, attachments, derived)
        return self._remembered(tombstone, contacts)

    def _derived(self) -> Iterable[tuple[str, Any]]:
        """Return what plugins make of their own records, each with its plugin."""
        caller = self._session.hooks.caller("derive_erasure")
        for plugin, item in run_derive(caller, self._session.contexts, self._call(self.plan)):
            record = item.after if isinstance(item, Change) else item
            if not isinstance(record, Part):
                wrong = TypeError(f"it must return records or Change objects, not {record!r}")
                raise PluginError(plugin, "derive_erasure", wrong)
            yield plugin, record

    def _remembered(self, tombstone: Erasure, contacts: Collection[Identifier]) -> Erasure:
        session, plan = self._session, self.plan
        counts = {entity: dict(fates) for entity, fates in plan.counts.items()}
        until = min((one.until for one in plan.staying if one.until is not None), default=None)
        if tombstone.version:
            done = change(tombstone, kept_until=until)
            session.update(done)
        else:
            done = change(tombstone, counts=counts, kept_until=until)
            session.add(done)
        session.flush()
        if not tombstone.version:
            remember(session, done.id, self._known.keys)
        remember(session, kept_under(done.id), contacts)
        return done


def erase_planned(
    session: Session,
    planning: Planning,
    texts: re.Pattern[str] | None,
    attachments: OpenAttachments | None,
    derived: Iterable[tuple[str, Any]] = (),
) -> None:
    """Write what is planned, with what plugins ``derived``, and erase the traces. The session must have every right."""
    digests = file_digests(planning)
    files = attachments() if digests and attachments is not None else None
    changed: set[UUID] = set()
    try:
        with rewriting(session):
            for _, after in planning.changes(texts):
                changed.add(after.id)
                session.update(after)
            session.update(*[after for _, after in planning.released()])
            for plugin, record in derived:
                changed.add(record.id)
                session.stage(record)
                session.work.derived.setdefault(record.id, plugin)
    except BaseException:
        # Half an erasure must not be written with whatever the session does next.
        session.work.pending, session.work.derived = {}, {}
        session.work.forget()
        raise
    erase_traces(session, planning.ids("delete", "anonymise"), planning.ids("redact"), changed, texts)
    if files is not None:
        release(session, files, digests)
    database = session.database

    def empty_log() -> None:
        checkpoint(database)

    session.after_commit(empty_log)


def file_digests(planning: Planning) -> frozenset[str]:
    """Return the digests of the files that go."""
    items = planning.reach.items.get("attachment", {}).values()
    return frozenset(
        item.record.sha256 for item in items if item.record.sha256 and planning.fate(item) in ("delete", "anonymise")
    )


def _found(session: Session, customer: Customer | UUID | str) -> Customer:
    """Return a customer, deleted ones too, that the actor may erase."""
    session.flush()
    given = customer.id if isinstance(customer, Customer) else parse_id(customer)
    id = resolve(session, Customer, given)
    with session.acting_as(session.actor.elevated()):
        found = session.list(Customer, id=id, deleted=True)
    if not found:
        raise NotFound(msg("no customer with id {id}", id=str(given)))
    require_right(session, session.database.registry.get(Customer), [id], "erase")
    return found[0]


def _refuse_erased(session: Session, customer: Customer) -> None:
    before = session.find(Erasure, customer_id=customer.id)
    if before is not None and before.created_at is not None:
        day = before.created_at.date().isoformat()
        raise Conflict(msg("customer {id} was erased on {day}", id=str(customer.id), day=day))
