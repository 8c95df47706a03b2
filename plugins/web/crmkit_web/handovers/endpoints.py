"""The addresses of hand-overs: what a user holds, who would get it, doing it and taking it back, by a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput, FieldError, Refused, ValidationFailed
from crmkit.core.messages import msg
from crmkit.core.staff import User
from crmkit.hosting import HandOverRules, read_input, read_rules
from crmkit_web.handovers.declared import HAND_OVER, TAKE_BACK
from crmkit_web.handovers.shapes import (
    HandOverBody,
    HeirLine,
    HeldLine,
    HoldingsShown,
    PlanShown,
    UntakenLine,
    WorthLine,
)
from crmkit_web.records.idempotency import IDEMPOTENCY_KEY
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.work.documents import plain_job
from crmkit_web.work.shapes import JobDocument

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    more: dict[str, Any] = {"tag": "hand-overs", "entities": _users}
    done: dict[str, Any] = {"headers": (IDEMPOTENCY_KEY,), "returns": JobDocument, "status": 202}
    yield Endpoint(
        "get_holdings",
        "GET",
        "/{entity}/{id}/holdings",
        holdings,
        msg("Return everything that depends on a user. It takes the right to change the user."),
        returns=HoldingsShown,
        reads=True,
        **more,
    )
    yield Endpoint(
        "preview_hand_over",
        "POST",
        "/{entity}/{id}/hand-over-preview",
        preview,
        msg("Tell who would get what a user owns. Nothing is written."),
        body=HandOverBody,
        returns=PlanShown,
        reads=True,
        **more,
    )
    yield Endpoint(
        "hand_over",
        "POST",
        "/{entity}/{id}/hand-over",
        hand_over,
        msg("Hand over everything that a user owns, by a job; the user is frozen first and has departed then."),
        body=HandOverBody,
        **done,
        **more,
    )
    yield Endpoint(
        "undo_hand_over",
        "POST",
        "/{entity}/{id}/undo",
        undo,
        msg("Take a hand-over back, by a job; what somebody has re-assigned since stays."),
        **done,
        **(more | {"entities": _handovers}),
    )


def _users(info: EntityInfo) -> bool:
    return info.name == "user"


def _handovers(info: EntityInfo) -> bool:
    return info.name == "handover"


def holdings(call: Call) -> HoldingsShown:
    """Answer what a user holds."""
    return _held(call.ctx.services.holdings(_user(call)))


def preview(call: Call) -> PlanShown:
    """Answer who would get what."""
    user = _user(call)
    plan = _planned(call, user, _plain(read_input(HandOverBody, call.mapping())))
    logins = {share.heir.id: share.heir.login for share in plan.shares}
    return PlanShown(
        holdings=_held(plan.holdings),
        passes=tuple(
            HeirLine(one.heir.login, one.entity, one.field, one.count, one.open, one.closed) for one in plan.shares
        ),
        values=tuple(WorthLine(logins[heir], value) for heir, value in plan.values.items() if heir in logins),
        untaken=tuple(UntakenLine(entity, count) for entity, count in plan.untaken.items()),
        blocked=tuple(one.render(call.translate) for one in plan.blocked),
    )


def hand_over(call: Call) -> Reply:
    """Have it done; what speaks against it is told at once."""
    user, body = _user(call), read_input(HandOverBody, call.mapping())
    rules = _plain(body)
    if rules is not None:
        plan = _planned(call, user, rules)
        if plan.blocked:
            raise Refused("crmkit", plan.blocked[0], [("crmkit", reason, user.id) for reason in plan.blocked])
    else:
        # Whether one may is told at once, too.
        call.ctx.services.holdings(user)
    return _asked(call, HAND_OVER, {"user": str(user.id), "rules": rules, "note": body.note})


def undo(call: Call) -> Reply:
    """Have a hand-over taken back."""
    found = call.session.get(call.entity.cls, call.path["id"])
    call.ctx.services.holdings(call.session.get(User, found.user_id))
    return _asked(call, TAKE_BACK, {"handover": str(found.id)})


def _user(call: Call) -> User:
    found: User = call.session.get(call.entity.cls, call.path["id"])
    return found


def _asked(call: Call, job: str, payload: Mapping[str, Any]) -> Reply:
    id = call.ctx.jobs.enqueue(job, payload)
    made = plain_job(call, call.ctx.services.own_job(id))
    return Reply(made, 202, {"location": made.location})


def _plain(body: HandOverBody) -> dict[str, Any] | None:
    """Return the rules as a hand-over reads them; None where there are none."""
    import attrs

    if not (body.rules or body.rest or body.reports_to):
        return None
    rules: dict[str, Any] = {"rule": [attrs.asdict(one) for one in body.rules], "reports_to": body.reports_to}
    return rules | ({"rest": list(body.rest)} if body.rest else {})


def _planned(call: Call, user: User, rules: Mapping[str, Any] | None) -> Any:
    try:
        chosen = HandOverRules() if rules is None else read_rules(rules)
        return call.ctx.services.preview_handover(user, chosen)
    except BadInput as error:
        raise ValidationFailed([FieldError("/rules", "bad_rule", None, error.message)]) from None


def _held(held: Any) -> HoldingsShown:
    return HoldingsShown(
        user_id=held.user.id,
        login=held.user.login,
        state=held.user.state,
        owned=tuple(map(_line, held.owned)),
        assigned=tuple(map(_line, held.assigned)),
        shares=held.shares,
        delegations=held.delegations,
        reports=tuple(one.login for one in held.reports),
    )


def _line(one: Any) -> HeldLine:
    return HeldLine(one.entity, one.field, one.total, one.open, one.closed, one.private)
