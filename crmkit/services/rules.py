"""The core's own derive and guard rules. They take part in the hooks as any plugin does, under the name ``crmkit``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.core.completion import complete_customer, complete_line, complete_point
from crmkit.core.consent import ConsentTerms
from crmkit.core.customer import CustomerRelation, RelationType
from crmkit.core.entity import change
from crmkit.core.errors import FieldError, ValidationFailed
from crmkit.core.interaction import Interaction, InteractionLine, InteractionParticipant
from crmkit.core.messages import msg
from crmkit.core.personal_data import PersonalDataSettings
from crmkit.core.validation import LARGEST
from crmkit.core.values.money import Money
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.protocols import Context
from crmkit.hooks.records import RecordBatch, Refuse
from crmkit.services.access.rules import AccessRules
from crmkit.services.assets import check_assets
from crmkit.services.completed_interactions import CompletedRules
from crmkit.services.consent import completed_consents, consent_refusals
from crmkit.services.erased_people import PersonalDataRules
from crmkit.services.lifecycle.rules import LifecycleRules
from crmkit.services.merging.rules import MergeRules
from crmkit.services.segments.rules import SegmentRules
from crmkit.services.surveys import check_surveys, survey_refusals
from crmkit.services.working_time import check_calendars


class CoreRules(LifecycleRules, MergeRules, AccessRules, SegmentRules, PersonalDataRules, CompletedRules):
    """Completions, sums of lines, dates of participants; and the rules of relations, consent and access."""

    def __init__(self, consent_terms: ConsentTerms, personal_data: PersonalDataSettings) -> None:
        self._consent_terms, self._personal_data = consent_terms, personal_data

    @hookimpl(tryfirst=True, entities=("customer", "contact_point"))
    def derive_records(self, ctx: Context, call: RecordBatch) -> list[Any]:
        """Fill in what follows from a record itself."""
        if call.entity == "customer":
            return _completed_customers(call)
        return _completed_points(call)

    @hookimpl(
        specname="derive_records",
        tryfirst=True,
        entities=("interaction", "interaction_line"),
    )
    def derive_interactions(self, ctx: Context, call: RecordBatch) -> list[Any]:
        """Keep line amounts, sums of lines and the dates of participants right."""
        if call.entity == "interaction_line":
            lines = [complete_line(c.after, c.before) for c in call.changes]
            fresh = [line for line, c in zip(lines, call.changes, strict=True) if line is not c.after]
            touched = {line.interaction_id for line in lines}
            return fresh + list(_summed(ctx, touched, {line.id: line for line in lines}))
        return list(_summed(ctx, {c.after.id for c in call.changes if c.after.sum_lines}, {})) + list(
            _redated(ctx, call)
        )

    @hookimpl(
        specname="derive_records",
        tryfirst=True,
        entities=("interaction_participant",),
        fields=("interaction_id", "occurred_at", "deleted_at"),
    )
    def derive_participants(self, ctx: Context, call: RecordBatch) -> list[Any]:
        """Give participants the date of their interaction."""
        return list(_dated(ctx, call))

    @hookimpl(specname="derive_records", entities=("contact_point", "external_identity"))
    def derive_recognised(self, ctx: Context, call: RecordBatch) -> list[Any]:
        """Recognise late: what came from an address before is the customer's who has it now."""
        # Imported when first needed: what recognition takes would slow down every start.
        from crmkit.store.recognition import claims_open

        session: Any = ctx.session
        if not claims_open(session):
            return []
        from crmkit.services.interactions.late import recognised_late

        return recognised_late(session, call)

    @hookimpl(specname="derive_records", tryfirst=True, entities=("consent",))
    def derive_consents(self, ctx: Context, call: RecordBatch) -> list[Any]:
        """Write the words of consent in one way, and take only those that the installation knows."""
        return completed_consents(call, self._consent_terms)

    @hookimpl(specname="guard_records", entities=("consent",))
    def guard_consents(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse changes of statements: they are added, never changed."""
        return list(consent_refusals(ctx.session, call))

    @hookimpl(specname="derive_records", tryfirst=True, entities=("working_calendar",))
    def derive_calendars(self, ctx: Context, call: RecordBatch) -> None:
        """Refuse hours, exceptions and holidays that cannot be read, with everything wrong with them."""
        check_calendars(call)

    @hookimpl(specname="derive_records", tryfirst=True, entities=("asset",))
    def derive_assets(self, ctx: Context, call: RecordBatch) -> None:
        """Refuse warranties that end before they could begin."""
        check_assets(call)

    @hookimpl(specname="derive_records", tryfirst=True, entities=("survey_question", "survey_answer"))
    def derive_surveys(self, ctx: Context, call: RecordBatch) -> None:
        """Refuse questions without a scale and answers off it."""
        check_surveys(ctx.session, call)

    @hookimpl(specname="guard_records", entities=("survey_answer",))
    def guard_surveys(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse answers that belong to no survey."""
        return list(survey_refusals(ctx.session, call))

    @hookimpl(specname="guard_records", entities=("customer_relation",))
    def guard_relations(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse relations of an unknown type, between the wrong kinds, to oneself, or in a circle."""
        return list(_relation_refusals(ctx, call))

    @hookimpl(specname="guard_records", entities=("user", "team"))
    def guard_trees(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse teams below themselves and users who report to themselves, directly or round a corner."""
        field = "reports_to_id" if call.entity == "user" else "parent_id"
        cls = type(call.changes[0].after)
        changed = {c.after.id: getattr(c.after, field) for c in call.changes if c.changed(field)}
        if not any(changed.values()):
            return []
        parents = {record.id: getattr(record, field) for record in _peek(ctx, cls)}
        parents.update({c.after.id: getattr(c.after, field) for c in call.changes})
        return [
            Refuse(msg("{entity} {record} would stand above itself", entity=call.entity, record=str(start)), start)
            for start in changed
            if _leads_back(start, parents)
        ]


def _completed_customers(call: RecordBatch) -> list[Any]:
    return [made for c in call.changes if (made := complete_customer(c.after)) is not c.after]


def _completed_points(call: RecordBatch) -> list[Any]:
    made: list[Any] = []
    errors: list[FieldError] = []
    for c in call.changes:
        if c.before is not None and not (c.changed("value") or c.changed("kind") or c.changed("country")):
            continue
        if c.after.deleted_at is not None:
            # What is erased holds nothing that could be read.
            continue
        if c.before is None and c.after.normalized and c.after.kind == "email":
            continue
        try:
            point = complete_point(c.after)
        except ValidationFailed as error:
            errors += error.errors
            continue
        if point is not c.after:
            made.append(point)
    if errors:
        raise ValidationFailed(errors)
    return made


def _summed(ctx: Context, ids: Iterable[UUID], fresh: dict[UUID, Any]) -> Iterator[Interaction]:
    """Yield interactions that keep the sum of their lines as their money, where it changed."""
    session: Any = ctx.session
    wanted = [record for id in ids if (record := session.peek(Interaction, id)) is not None and record.sum_lines]
    if not wanted:
        return
    totals: dict[UUID, Decimal] = {record.id: Decimal(0) for record in wanted}
    lines = {line.id: line for line in session.peek_all(InteractionLine, "interaction_id", list(totals))}
    lines.update({id: line for id, line in fresh.items() if line.interaction_id in totals})
    for line in lines.values():
        # An impossible amount is left to validation, which refuses it in a moment.
        possible = line.amount is not None and line.amount.is_finite() and abs(line.amount) <= LARGEST
        if possible and line.deleted_at is None:
            totals[line.interaction_id] += line.amount
    for record in wanted:
        currency = record.money.currency if record.money is not None else ""
        money = Money(totals[record.id], currency) if currency else None
        if money != record.money:
            yield change(record, money=money)


def _dated(ctx: Context, call: RecordBatch) -> Iterator[InteractionParticipant]:
    session: Any = ctx.session
    for c in call.changes:
        # One that comes back has missed what happened to its interaction meanwhile.
        if c.before is not None and not any(
            c.changed(name) for name in ("interaction_id", "occurred_at", "deleted_at")
        ):
            continue
        interaction = session.peek(Interaction, c.after.interaction_id)
        if interaction is not None and c.after.occurred_at != interaction.occurred_at:
            yield change(c.after, occurred_at=interaction.occurred_at)


def _redated(ctx: Context, call: RecordBatch) -> Iterator[InteractionParticipant]:
    session: Any = ctx.session
    moved = {c.after.id: c.after for c in call.changes if c.before is not None and c.changed("occurred_at")}
    for participant in session.peek_all(InteractionParticipant, "interaction_id", list(moved)) if moved else ():
        yield change(participant, occurred_at=moved[participant.interaction_id].occurred_at)


def _relation_refusals(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    # Records, and starting the program makes none.
    from crmkit.core.relation_types import STANDARD_RELATION_TYPES

    session: Any = ctx.session
    types = {t.name: t for t in STANDARD_RELATION_TYPES} | {t.name: t for t in _peek(ctx, RelationType)}
    for c in call.changes:
        relation = c.after
        if relation.deleted_at is not None:
            continue
        kind = types.get(relation.type)
        if kind is None:
            known = ", ".join(sorted(types))
            yield Refuse(msg("no relation type {type}; known: {known}", type=relation.type, known=known), relation.id)
            continue
        if relation.from_id == relation.to_id:
            yield Refuse(msg("a customer cannot be {type} itself", type=relation.type), relation.id)
            continue
        for side, allowed in ((relation.from_id, kind.from_kinds), (relation.to_id, kind.to_kinds)):
            customer = session.peek_any(side) if allowed else None
            if customer is not None and customer.kind not in allowed:
                yield Refuse(
                    msg(
                        "{name} is of kind {kind}; {type} allows {allowed}",
                        name=customer.name,
                        kind=customer.kind,
                        type=relation.type,
                        allowed=", ".join(allowed),
                    ),
                    relation.id,
                )
        if kind.acyclic and (cycle := _cycle(session, relation)):
            yield Refuse(
                msg("{type} would lead in a circle over {count} customers", type=relation.type, count=cycle),
                relation.id,
            )


def _cycle(session: Any, relation: CustomerRelation) -> int:
    """Return how many customers a circle closed by ``relation`` has; 0 when it closes none."""
    reached, frontier, length = {relation.to_id}, [relation.to_id], 1
    while frontier:
        length += 1
        links = session.peek_all(CustomerRelation, "from_id", frontier)
        following = {link.to_id for link in links if link.type == relation.type and link.deleted_at is None}
        if relation.from_id in following:
            return length
        frontier = list(following - reached)
        reached |= following
    return 0


def _peek(ctx: Context, cls: type[Any]) -> list[Any]:
    # A rule holds for all records, also for those that the actor does not see.
    session: Any = ctx.session
    with session.acting_as(session.actor.elevated()):
        return list(session.peek_all(cls))


def _leads_back(start: UUID, parents: dict[UUID, UUID | None]) -> bool:
    seen, current = set(), parents.get(start)
    while current is not None and current not in seen:
        if current == start:
            return True
        seen.add(current)
        current = parents.get(current)
    return False
