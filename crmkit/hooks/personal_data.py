"""Hooks of personal data: what plugins hold on a person, and what becomes of it when the person is erased."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context
from crmkit.hooks.records import Refuse
from crmkit.hooks.setup import Setup

if TYPE_CHECKING:
    from crmkit.core.personal_data import ProcessingActivity


@frozen
class PersonalDataRequest:
    """Whose data is asked for: a customer, and the ids under which it was ever known, those of merged ones included."""

    customer: Any
    customers: tuple[UUID, ...]
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many ids there are."""
        return len(self.customers)


@frozen
class PersonalData:
    """Something that a plugin holds on a person beside its entities: a heading, and rows of named values."""

    title: Message
    rows: tuple[Mapping[str, Any], ...]


@frozen
class Erasing:
    """A customer about to be erased, with the ids under which it was ever known; nothing is written yet.

    ``counts`` says, by entity and by what becomes of them, how many records are concerned.
    """

    customer: Any
    customers: tuple[UUID, ...]
    reason: str
    counts: Mapping[str, Mapping[str, int]]
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many records are concerned."""
        return sum(number for counts in self.counts.values() for number in counts.values())


@frozen
class ErasedCustomer:
    """An erasure that is committed: the id of its tombstone, and all ids under which the customer was known."""

    erasure_id: UUID
    customers: tuple[UUID, ...]


@frozen
class CustomersErased:
    """Erasures that are committed, and what caused them."""

    erased: tuple[ErasedCustomer, ...]
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many customers were erased."""
        return len(self.erased)


class PersonalDataSpecs:
    """Called when the data held on a person is asked for, and when a person is erased."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_processing_activities(self, ctx: Context, call: Setup) -> list[ProcessingActivity]:
        """Return what the plugin does with personal data; it stands in the register of processing."""

    @hookspec(kind=Kind.COLLECT, since="0.1", on_error="block")
    def collect_personal_data(self, ctx: Context, call: PersonalDataRequest) -> Iterable[PersonalData]:
        """Return what the plugin holds on the person that is in no entity: files, an account at a provider.

        Records of the plugin's entities that refer to the customer are exported anyway. A plugin that fails leaves an
        error in its place, and the export says that it is not complete.
        """

    @hookspec(kind=Kind.GUARD, since="0.1")
    def guard_erasure(self, ctx: Context, call: Erasing) -> Refuse | Iterable[Refuse] | None:
        """Return ``Refuse`` for a customer that must not be erased, such as one with an open contract.

        Asked by the preview too, which shows the reasons.
        """

    @hookspec(kind=Kind.DERIVE, since="0.1")
    def derive_erasure(self, ctx: Context, call: Erasing) -> Iterable[Any]:
        """Return changes of the plugin's own records: ``Change`` objects or changed records.

        They come on top of what fields say of erasing, in the same transaction, and their earlier values are erased from
        the audit log. For what a reference does not lead to: a name in a text, a figure that would tell who it was.
        """

    @hookspec(kind=Kind.NOTIFY, since="0.1")
    def after_customers_erased_committed(self, ctx: Context, call: CustomersErased) -> None:
        """Erase what is held elsewhere: files, accounts at providers. May be delivered again after a crash."""
