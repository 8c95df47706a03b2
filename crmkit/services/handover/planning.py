"""Planning a hand-over: what passes to whom, and what keeps it from being done. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from uuid import UUID

import attrs

from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.core.staff import User
from crmkit.hooks.handover import HandingOver
from crmkit.hooks.run import refusals
from crmkit.services.handover.assigning import Assigning, Values
from crmkit.services.handover.holdings import OWNER_FIELD, Holdings, holdings_of, other_holdings
from crmkit.services.handover.items import Items
from crmkit.services.handover.progress import CLOSED, OPEN
from crmkit.services.handover.rules import HandOverRules
from crmkit.services.handover.superiors import new_superiors
from crmkit.store.references import existing_ids
from crmkit.store.session import Session


@frozen
class HeirShare:
    """What one heir gets of one entity: how many records, and how many of them are open or closed.

    ``field`` is what names the heir afterwards: the owner, or another reference.
    """

    heir: User
    entity: str
    field: str
    count: int
    open: int
    closed: int


@frozen
class HandOverPlan:
    """What a hand-over would do. ``blocked`` says why it cannot be done; empty: it can.

    ``shares`` are in the order of the heirs' logins. ``untaken`` counts by entity what no rule takes. ``values`` is what
    the customers of each heir are worth, where a rule splits by value. ``superiors`` maps who reports to the departing
    user to the new superior.
    """

    holdings: Holdings
    rules: HandOverRules
    shares: tuple[HeirShare, ...]
    untaken: Mapping[str, int]
    values: Mapping[UUID, Decimal]
    superiors: Mapping[UUID, UUID | None]
    blocked: tuple[Message, ...]
    items: Items = attrs.field(repr=False, eq=False)

    @property
    def allowed(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.blocked


def holdings(session: Session, user: User) -> Holdings:
    """Return everything that depends on a user, also what the actor may not read. Raises AccessDenied.

    It takes the right to change the user.
    """
    session.flush()
    require_change(session, user)
    with session.acting_as(session.actor.elevated()):
        return holdings_of(session, user)


def no_values(_: Session) -> Mapping[UUID, Decimal]:
    """Say that values are not known here. Raises BadInput."""
    raise BadInput(msg("what customers are worth is not known here; split by count"))


def preview(session: Session, user: User, rules: HandOverRules, values: Values = no_values) -> HandOverPlan:
    """Return what handing over what ``user`` owns by ``rules`` would do, and change nothing.

    Everything counts, also what the actor may not read. ``values`` gives what customers are worth, for rules that split
    by it. Raises AccessDenied without the right to change the user, and BadInput for rules that cannot be followed.
    """
    session.flush()
    require_change(session, user)
    with session.acting_as(session.actor.elevated()):
        made = Assigning(session, user, rules, values)
        held = other_holdings(session, user, *made.items.holdings())
        superior = made.superior or made.users.get(user.reports_to_id) if user.reports_to_id else made.superior
        superiors = new_superiors(made.users, user, held.reports, superior)
        plan = HandOverPlan(
            holdings=held,
            rules=rules,
            shares=_shares(made),
            untaken=_untaken(made.items),
            values=made.values(),
            superiors=superiors,
            blocked=(),
            items=made.items,
        )
    against = (*_against(plan, superior), *_beyond_rights(session, plan), *_refused(session, plan))
    return attrs.evolve(plan, blocked=against)


def require_change(session: Session, user: User) -> None:
    """Raise AccessDenied unless the actor may change the user, and is another."""
    if session.actor.acting_id == user.id:
        raise AccessDenied(msg("nobody hands over, freezes or activates himself"))
    allowed = existing_ids(session.connection, session.database, session.narrowing, "user", [user.id], "update")
    if not allowed:
        raise AccessDenied(msg("{actor} may not update user {login}", actor=session.actor.name, login=user.login))


def _shares(made: Assigning) -> tuple[HeirShare, ...]:
    counts: dict[tuple[UUID, str, str], list[int]] = {}
    for item in made.items:
        if item.heir_id is not None:
            found = counts.setdefault((item.heir_id, item.entity, item.field), [0, 0, 0])
            found[0] += 1
            found[1] += item.progress == OPEN
            found[2] += item.progress == CLOSED
    shares = [HeirShare(made.users[heir], entity, field, *found) for (heir, entity, field), found in counts.items()]
    return tuple(sorted(shares, key=lambda share: (share.heir.login, share.field != OWNER_FIELD)))


def _untaken(items: Items) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in items:
        if item.heir_id is None:
            found[item.entity] = found.get(item.entity, 0) + 1
    return found


def _against(plan: HandOverPlan, superior: User | None) -> Iterator[Message]:
    for entity, count in plan.untaken.items():
        yield msg("no rule takes {count} records of {entity}; say who gets the rest", count=count, entity=entity)
    if plan.superiors and superior is None:
        yield msg(
            "{count} users report to {login}: say to whom from now on",
            count=len(plan.superiors),
            login=plan.holdings.user.login,
        )
    elif superior is not None and plan.superiors and superior.state != "active":
        yield msg(
            "{login} is {state}: say to whom users report from now on", login=superior.login, state=superior.state
        )


def _beyond_rights(session: Session, plan: HandOverPlan) -> Iterator[Message]:
    """Yield what the actor may not pass on: it takes the right to update and, for another owner, to assign."""
    ids: dict[tuple[str, str], list[UUID]] = {}
    for item in plan.items:
        for right in ("update", "assign") if item.field == OWNER_FIELD else ("update",):
            ids.setdefault((item.entity, right), []).append(item.id)
    for (entity, right), some in ids.items():
        if session.narrowing.reaches_all(entity, right):
            continue
        allowed = existing_ids(session.connection, session.database, session.narrowing, entity, some, right)
        beyond = len(set(some) - allowed)
        if beyond:
            yield msg(
                "{actor} may not {right} {count} records of {entity}",
                actor=session.actor.name,
                right=right,
                count=beyond,
                entity=entity,
            )


def _refused(session: Session, plan: HandOverPlan) -> Iterator[Message]:
    caller = session.hooks.caller("guard_handover")
    if caller.has_impls:
        counts: dict[UUID, dict[str, int]] = {}
        for share in plan.shares:
            of_heir = counts.setdefault(share.heir.id, {})
            of_heir[share.entity] = of_heir.get(share.entity, 0) + share.count
        for refusal in refusals(caller, session.contexts, HandingOver(plan.holdings.user, counts, session.cause)):
            yield msg("refused by {plugin}: {reason}", plugin=refusal.plugin, reason=refusal.reason)
