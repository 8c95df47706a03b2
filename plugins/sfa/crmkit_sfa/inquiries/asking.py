"""Inquiries on their way: noted, asked, assigned, answered, withdrawn. Each step is kept."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.core.staff import Team, User
from crmkit.plugin import BadInput, Money, NotFound, Refused, change, msg
from crmkit_sfa.inquiries.entities import Inquiry, InquiryLine, InquiryStep, StepKind
from crmkit_sfa.numbering import next_number
from crmkit_sfa.opportunities.entities import Opportunity


def new_inquiry(
    ctx: Any,
    name: str,
    customer: Customer | None = None,
    *,
    opportunity: Opportunity | None = None,
    description: str = "",
    **values: Any,
) -> Inquiry:
    """Begin an inquiry of a customer, by default that of the opportunity; it may have none yet."""
    customer_id = customer.id if customer else opportunity.customer_id if opportunity else None
    made = Inquiry(
        number=next_number(ctx, Inquiry, ctx.config.inquiries.number, ctx.today()),
        name=name,
        customer_id=customer_id,
        opportunity_id=opportunity.id if opportunity else None,
        description=description,
        **values,
    )
    ctx.session.add(made)
    ctx.session.flush()
    return _stored(ctx, made.id)


def require(
    ctx: Any,
    inquiry: Inquiry,
    requirement: str,
    quantity: Decimal = Decimal(1),
    *,
    product: Product | None = None,
    options: tuple[str, ...] = (),
    unit: str = "",
) -> InquiryLine:
    """Add a requirement to an inquiry that is not answered yet. Raises Refused for one that was answered or withdrawn."""
    held = _held(ctx, inquiry)
    if held.status not in ("draft", "asked"):
        raise Refused("sfa", _stands(held))
    if quantity <= 0:
        raise BadInput(msg("quantity {value}: expected a number above zero", value=str(quantity)))
    made = InquiryLine(
        inquiry_id=held.id,
        position=max((line.position for line in lines_of(ctx, held)), default=0) + 1,
        requirement=requirement,
        quantity=quantity,
        options=options,
        product_id=product.id if product else None,
        unit=unit or (product.unit if product else ""),
    )
    ctx.session.add(made)
    ctx.session.flush()
    stored: InquiryLine = ctx.session.get(InquiryLine, made.id)
    return stored


def ask(
    ctx: Any,
    inquiry: Inquiry,
    *,
    to: User | None = None,
    team: Team | None = None,
    due_on: date | None = None,
    note: str = "",
) -> Inquiry:
    """Send an inquiry to engineering: to somebody, or to a team of which somebody takes it.

    By default it is due in the configured number of days. An answered one is asked again: its requirements wait anew,
    what was answered stays in its history. Raises BadInput for one without requirements, without anybody to answer it or
    due in the past, and Refused for one that was withdrawn.
    """
    held = _held(ctx, inquiry)
    if held.status == "withdrawn":
        raise Refused("sfa", _stands(held))
    lines = lines_of(ctx, held)
    if not lines:
        raise BadInput(msg("inquiry {number} has no requirements; add some before it is asked", number=held.number))
    if to is None and team is None and held.assignee_id is None and held.engineering_team_id is None:
        raise BadInput(msg("inquiry {number}: expected somebody, or a team, to answer it", number=held.number))
    if to is not None and to.state != "active":
        raise BadInput(msg("{name} is {state}, expected an active user", name=to.name, state=to.state))
    day = due_on or ctx.today() + timedelta(days=ctx.config.inquiries.days)
    if day < ctx.today():
        raise BadInput(msg("due_on {value}: expected today or later", value=day))
    again = held.status == "answered"
    if again:
        ctx.session.update(*[change(line, feasible=None) for line in lines])
    asked = change(
        held,
        status="asked",
        assignee_id=to.id if to else held.assignee_id,
        engineering_team_id=team.id if team else held.engineering_team_id,
        due_on=day,
        asked_at=ctx.clock.now(),
        answered_at=None,
    )
    ctx.session.update(asked)
    record_step(ctx, asked, "asked_again" if again else "asked", to_id=asked.assignee_id, due_on=day, note=note)
    _let_see(ctx, asked)
    return _stored(ctx, held.id)


def assign(ctx: Any, inquiry: Inquiry, to: User, note: str = "") -> Inquiry:
    """Pass an inquiry that was asked on to somebody. Raises Refused for one that does not wait for an answer."""
    held = _held(ctx, inquiry)
    if held.status != "asked":
        raise Refused("sfa", _stands(held))
    if to.state != "active":
        raise BadInput(msg("{name} is {state}, expected an active user", name=to.name, state=to.state))
    assigned = change(held, assignee_id=to.id)
    ctx.session.update(assigned)
    record_step(ctx, assigned, "assigned", to_id=to.id, note=note)
    _let_see(ctx, assigned)
    return _stored(ctx, held.id)


def answer(
    ctx: Any,
    line: InquiryLine,
    *,
    price: Money | None = None,
    cost: Money | None = None,
    lead_days: int | None = None,
    valid_until: date | None = None,
    text: str = "",
    note: str = "",
) -> InquiryLine:
    """Answer a requirement with a price, or without one: then it cannot be built, and ``text`` says why.

    When all requirements are answered, the inquiry is. Raises Refused for an inquiry that was not asked, and BadInput for
    an answer with neither a price nor a text and for a price that holds no longer.
    """
    held = _held(ctx, _stored(ctx, line.inquiry_id))
    if held.status != "asked":
        raise Refused("sfa", _stands(held))
    if price is None and not text:
        raise BadInput(msg("answer (empty): expected a price, or why there is none"))
    if price is not None and price.amount < 0:
        raise BadInput(msg("price {value}: expected no negative amount", value=str(price)))
    if price is not None and cost is not None and price.currency != cost.currency:
        raise BadInput(msg("cost {value}: expected money in {currency}", value=str(cost), currency=price.currency))
    if valid_until is not None and valid_until < ctx.today():
        raise BadInput(msg("valid_until {value}: expected today or later", value=valid_until))
    current: InquiryLine = ctx.session.get(InquiryLine, line.id)
    made = change(
        current,
        answer=text or current.answer,
        price=price,
        cost=cost,
        lead_days=lead_days,
        valid_until=valid_until,
        feasible=price is not None,
    )
    ctx.session.update(made)
    record_step(ctx, held, "answered", line_id=line.id, price=price, note=note or text)
    with ctx.elevated("answers name who gave them"):
        by = {"answered_by": ctx.actor.user_id, "answered_at": ctx.clock.now()}
        ctx.session.update(change(ctx.session.get(InquiryLine, line.id), **by))
    if all(one.feasible is not None for one in lines_of(ctx, held)):
        ctx.session.update(change(_stored(ctx, held.id), status="answered", answered_at=ctx.clock.now()))
        ctx.session.flush()
    stored: InquiryLine = ctx.session.get(InquiryLine, line.id)
    return stored


def withdraw(ctx: Any, inquiry: Inquiry, note: str = "") -> Inquiry:
    """Withdraw an inquiry: nobody needs to answer it any more. Raises Refused for one that was withdrawn before."""
    held = _held(ctx, inquiry)
    if held.status == "withdrawn":
        raise Refused("sfa", _stands(held))
    ctx.session.update(change(held, status="withdrawn"))
    record_step(ctx, held, "withdrawn", note=note)
    return _stored(ctx, held.id)


def lines_of(ctx: Any, inquiry: Inquiry) -> list[InquiryLine]:
    """Return the requirements of an inquiry, in their order."""
    found: list[InquiryLine] = ctx.session.list(InquiryLine, inquiry_id=inquiry.id, order="position")
    return found


def line_at(ctx: Any, inquiry: Inquiry, position: int) -> InquiryLine:
    """Return the requirement at a position; raises NotFound."""
    found: InquiryLine | None = ctx.session.find(InquiryLine, inquiry_id=inquiry.id, position=position)
    if found is None:
        raise NotFound(msg("inquiry {number} has no line {position}", number=inquiry.number, position=position))
    return found


def inquiry_named(ctx: Any, needle: str) -> Inquiry:
    """Return the inquiry of a number or id; raises NotFound."""
    found: Inquiry | None = ctx.session.find(Inquiry, number=needle)
    if found is not None:
        return found
    try:
        return _stored(ctx, needle)
    except BadInput:
        raise NotFound(msg("no inquiry {number}", number=needle)) from None


def record_step(ctx: Any, inquiry: Inquiry, kind: StepKind, **values: Any) -> None:
    """Keep a step of an inquiry, with who takes it and when; what is pending is written first, with the actor's rights."""
    # Whoever takes a step is named, also by those who may not look up users.
    with ctx.elevated("the steps of inquiries are kept"):
        ctx.session.add(InquiryStep(inquiry_id=inquiry.id, kind=kind, at=ctx.clock.now(), **values))


def _let_see(ctx: Any, inquiry: Inquiry) -> None:
    """Let those who are to answer an inquiry see and change it, whoever's it is."""
    with ctx.elevated("whoever is to answer an inquiry may see it"):
        shares = ctx.services.shares_of(inquiry)
        for entity, id in ((User, inquiry.assignee_id), (Team, inquiry.engineering_team_id)):
            known = {one.user_id if entity is User else one.to_team_id for one in shares}
            if id is not None and id not in known and id not in (inquiry.owner_id, inquiry.team_id):
                ctx.services.share(inquiry, ctx.session.get(entity, id), action="update", reason="inquiry")


def _held(ctx: Any, inquiry: Inquiry) -> Inquiry:
    held: Inquiry = ctx.services.hold_records(Inquiry, [inquiry.id])[inquiry.id]
    return held


def _stands(inquiry: Inquiry) -> Any:
    return msg("inquiry {number} is {state}", number=inquiry.number, state=inquiry.status)


def _stored(ctx: Any, id: UUID | str) -> Inquiry:
    stored: Inquiry = ctx.session.get(Inquiry, id)
    return stored
