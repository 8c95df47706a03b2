"""The core's rules of the write path for erased people: they stay erased, and who arrives again is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crmkit.core.messages import msg
from crmkit.core.personal_data import Erasure, PersonalDataSettings
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.protocols import Context
from crmkit.hooks.records import RecordBatch, Refuse
from crmkit.services.append_only import is_rewriting
from crmkit.store.erased_keys import erasure_secret

# What recognises people is imported once somebody was erased: it would slow down every start.


class PersonalDataRules:
    """The core's part in the hooks of saving, for people who were erased."""

    _personal_data: PersonalDataSettings

    @hookimpl(specname="guard_records", entities=("customer", "contact_point", "external_identity"))
    def guard_erased(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse to bring an erased customer back, and to take one in again who was not readmitted."""
        session: Any = ctx.session
        if is_rewriting(session):
            return []
        found = list(_restored(session, call)) if call.entity == "customer" else []
        if self._personal_data.returning == "new":
            return found
        arriving = [c.after for c in call.changes if c.after.deleted_at is None and _arrives(call.entity, c)]
        secret = erasure_secret(session) if arriving else None
        if secret is not None:
            from crmkit.services.personal_data.returning import arrival_refusals

            found += arrival_refusals(session, secret, arriving, self._personal_data.returning)
        return found

    @hookimpl(specname="guard_records", entities=("interaction",), fields=("channel", "external_key"))
    def guard_erased_contacts(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse to log an interaction again that went with an erased person."""
        session: Any = ctx.session
        arriving = [
            c.after
            for c in call.changes
            if c.after.external_key and (c.before is None or c.changed("external_key") or c.changed("channel"))
        ]
        return _erased_contacts(session, arriving)

    @hookimpl(specname="guard_records", entities=("external_identity",), fields=("system", "external_id", "entity"))
    def guard_erased_numbers(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse an interaction that another system calls as it called one that went with an erased person."""
        session: Any = ctx.session
        return _erased_contacts(session, [c.after for c in call.changes if c.after.deleted_at is None])

    @hookimpl(specname="derive_records", entities=("identity_claim",))
    def derive_erased(self, ctx: Context, call: RecordBatch) -> list[Any]:
        """Keep nothing of an erased person who writes or calls, or mark the claim for a person to decide."""
        session: Any = ctx.session
        fresh = [c.after for c in call.changes if c.created and c.after.state == "open" and "erased" not in c.after.raw]
        if not fresh or self._personal_data.returning == "new":
            return []
        secret = erasure_secret(session)
        if secret is None:
            return []
        from crmkit.services.personal_data.returning import marked_claims

        return list(marked_claims(session, secret, fresh, self._personal_data.returning))


def _erased_contacts(session: Any, arriving: Sequence[Any]) -> list[Refuse]:
    if not arriving or is_rewriting(session):
        return []
    from crmkit.services.erased_contacts import contact_refusals

    return list(contact_refusals(session, arriving))


def _restored(session: Any, call: RecordBatch) -> Iterator[Refuse]:
    back = [
        c.after.id
        for c in call.changes
        if c.before is not None and c.before.deleted_at is not None and c.after.deleted_at is None
    ]
    for erasure in session.peek_all(Erasure, "customer_id", back) if back else ():
        id = erasure.customer_id
        yield Refuse(msg("customer {id} was erased; nothing of it is left", id=str(id)), id)


def _arrives(entity: str, c: Any) -> bool:
    """Whether something by which people are known is new with a change."""
    record = c.after
    if entity == "customer":
        born = record.birth_date
        full = born is not None and bool(born.year and born.month and born.day)
        return full and (c.before is None or bool(c.changed("birth_date")))
    if c.before is None:
        return entity == "contact_point" or bool(record.entity == "customer")
    if entity == "contact_point":
        return bool(c.changed("normalized") or c.changed("customer_id"))
    return bool(record.entity == "customer" and (c.changed("external_id") or c.changed("record_id")))
