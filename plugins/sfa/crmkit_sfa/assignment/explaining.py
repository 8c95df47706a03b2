"""Why somebody has a lead: the decisions on it in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crmkit.core.staff import User
from crmkit.plugin import Context, Message, msg
from crmkit_sfa.assignment.entities import Assignment
from crmkit_sfa.leads.entities import Lead


def decisions(ctx: Context, lead: Lead) -> list[Assignment]:
    """Return the decisions on a lead that the actor sees, the newest first."""
    return [*ctx.session.list(Assignment, lead_id=lead.id, order="-at,-id")]


def users_of(ctx: Context, found: list[Assignment]) -> Mapping[Any, str]:
    """Return the names of users in decisions, by id."""
    ids = {id for one in found for id in (one.user_id, one.before_id) if id is not None}
    return {user.id: user.name or user.login for user in ctx.session.list(User, id=list(ids))} if ids else {}


def told(one: Assignment, names: Mapping[Any, str]) -> Iterator[Message]:
    """Yield a decision in words: what was decided, then what led there, rule by rule. Pure."""
    user, before = names.get(one.user_id, ""), names.get(one.before_id, "")
    match one.kind:
        case "by_hand":
            yield (
                msg("given to {user} by hand; it was {before}'s before", user=user, before=before)
                if before
                else msg("given to {user} by hand", user=user)
            )
        case "rebalanced":
            yield msg("passed from {before} to {user} to even out who has how many", user=user, before=before)
        case "escalated":
            yield msg("taken from {before}, who left it untouched, and given to {user}", user=user, before=before)
        case "kept":
            yield msg("left with {user}, who entered it: no rule is about it", user=user)
        case "nobody":
            yield msg("nobody got it; it waits")
        case _:
            yield msg("given to {user}", user=user)
    if one.note:
        yield msg("note: {note}", note=one.note)
    for reason in one.reasons:
        yield from rule_told(reason)


def rule_told(reason: Mapping[str, Any]) -> Iterator[Message]:
    """Yield in words what one rule led to. Pure."""
    rule = reason.get("rule", "")
    match reason.get("result"):
        case "no_match":
            yield msg("rule {rule} is not about it", rule=rule)
            return
        case "plugin":
            yield msg("rule {rule}: a plugin chose {chosen}", rule=rule or "-", chosen=reason.get("chosen", ""))
        case "nobody":
            yield msg("rule {rule}: nobody could take it", rule=rule)
        case _:
            yield _chosen(rule, reason)
    if reason.get("territory"):
        yield msg("territory {territory}", territory=reason["territory"])
    if reason.get("overlapping"):
        yield msg("it lies in {territories} as well, which count less", territories=", ".join(reason["overlapping"]))
    if reason.get("skills"):
        yield msg("it takes {skills}", skills=", ".join(reason["skills"]))
    for passed in reason.get("skipped", ()):
        yield msg("passed over {user}: {why}", user=passed["user"], why=WHY.get(passed["why"], msg("unknown")))


def _chosen(rule: str, reason: Mapping[str, Any]) -> Message:
    named = {"rule": rule, "chosen": reason.get("chosen", ""), "among": reason.get("among", 0)}
    match reason.get("method"):
        case "load":
            return msg(
                "rule {rule}: {chosen} has the fewest open leads, {load}, of {among}",
                load=reason.get("load", 0),
                **named,
            )
        case "weighted":
            return msg("rule {rule}: it is {chosen}'s turn by weight, of {among}", **named)
    return msg("rule {rule}: it is {chosen}'s turn, of {among}", **named)


WHY: Mapping[str, Message] = {
    "frozen": msg("is frozen"),
    "departed": msg("has left"),
    "dealer": msg("belongs to a dealer"),
    "absent": msg("is away"),
    "full": msg("has as many leads as may be"),
    "unskilled": msg("lacks a skill that it takes"),
    "gave_up": msg("had it and left it untouched"),
}
