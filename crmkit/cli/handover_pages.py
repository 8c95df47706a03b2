"""What ``crmkit handover`` shows: documents for programs, tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.output import print_block, table
from crmkit.cli.running import say
from crmkit.cli.words import translated, wording
from crmkit.core.messages import msg

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.services.handover import HandOverPlan, HandOverReport, HandOverUndone, Holdings, Left


def held_document(held: Holdings) -> dict[str, Any]:
    """Return what a user owns as a program reads it."""
    return {
        "login": held.user.login,
        "state": held.user.state,
        "owned": held.owned,
        "assigned": held.assigned,
        "shares": held.shares,
        "delegations": held.delegations,
        "reports": [user.login for user in held.reports],
    }


def plan_document(plan: HandOverPlan) -> dict[str, Any]:
    """Return who would get what as a program reads it."""
    logins = {share.heir.id: share.heir.login for share in plan.shares}
    shares = [
        {
            "heir": share.heir.login,
            "entity": share.entity,
            "field": share.field,
            "count": share.count,
            "open": share.open,
            "closed": share.closed,
        }
        for share in plan.shares
    ]
    values = {logins[heir]: value for heir, value in plan.values.items()}
    return {
        **held_document(plan.holdings),
        "passes": shares,
        "values": values,
        "untaken": plan.untaken,
        "blocked": list(plan.blocked),
    }


def report_document(report: HandOverReport, logins: Mapping[UUID, str]) -> dict[str, Any]:
    """Return what was handed over as a program reads it; ``logins`` are those of users by their ids."""
    return {
        "id": report.handover.id,
        "login": report.user.login,
        "state": report.user.state,
        "moved": {logins[heir]: counts for heir, counts in report.moved.items()},
        "left": report.left,
        "remaining": report.remaining,
        "resumed": report.resumed,
    }


# -- for people --------------------------------------------------------------------------------------------------------


def show_held(held: Holdings) -> None:
    """Show what a user owns."""
    if not held.total:
        say(msg("{login} owns nothing", login=held.user.login))
    else:
        headings = [wording("Owned"), wording("Records"), wording("Open"), wording("Closed"), wording("Private")]
        rows = [
            (translated(h.label), str(h.total), str(h.open or ""), str(h.closed or ""), str(h.private or ""))
            for h in held.owned
        ]
        print_block(table([translated(heading) for heading in headings], rows, right=(1, 2, 3, 4)))
    for holding in held.assigned:
        say(
            msg(
                "{count} open records name {login} as {field}",
                count=holding.total,
                login=held.user.login,
                field=f"{holding.entity}.{holding.field}",
            )
        )
    if held.shares:
        say(msg("{count} shares with {login} end", count=held.shares, login=held.user.login))
    if held.delegations:
        say(msg("{count} delegations of or to {login} end", count=held.delegations, login=held.user.login))
    for user in held.reports:
        say(msg("{user} reports to {login}", user=user.login, login=held.user.login))


def show_plan(plan: HandOverPlan) -> None:
    """Show who would get what, and what speaks against it."""
    if plan.shares:
        headings = [wording("Heir"), wording("Gets"), wording("Records"), wording("Open"), wording("Closed")]
        rows = [
            (
                share.heir.login,
                share.entity if share.field == "owner_id" else f"{share.entity}.{share.field}",
                str(share.count),
                str(share.open or ""),
                str(share.closed or ""),
            )
            for share in plan.shares
        ]
        click.echo()
        print_block(table([translated(heading) for heading in headings], rows, right=(2, 3, 4)))
    for share in {share.heir.id: share for share in plan.shares}.values():
        if share.heir.id in plan.values:
            value = f"{plan.values[share.heir.id]:,.2f}"
            say(msg("the customers of {login} are worth {value}", login=share.heir.login, value=value))
    for reason in plan.blocked:
        say(msg("cannot be handed over: {reason}", reason=reason))


def show_report(report: HandOverReport, logins: Mapping[UUID, str]) -> None:
    """Show who got what, and what stayed."""
    click.echo(str(report.handover.id))
    if report.moved:
        headings = [translated(wording("Heir")), translated(wording("Entity")), translated(wording("Records"))]
        rows = [
            (logins[heir], entity, str(count))
            for heir, counts in sorted(report.moved.items(), key=lambda item: logins[item[0]])
            for entity, count in sorted(counts.items())
        ]
        print_block(table(headings, rows, right=[2]))
    _show_left(report.left)
    if report.remaining:
        say(msg("{login} is frozen and still owns {count} records", login=report.user.login, count=report.remaining))
    else:
        say(msg("{login} has departed", login=report.user.login))


def show_undone(report: HandOverUndone) -> None:
    """Show what came back."""
    say(
        msg(
            "{login} has {count} records back and is {state}",
            login=report.user.login,
            count=report.restored,
            state=report.user.state,
        )
    )
    _show_left(report.left)


def _show_left(left: Sequence[Left]) -> None:
    if left:
        headings = [wording("Left as it is"), wording("Entity"), wording("Why")]
        rows = [(one.title or str(one.record_id), one.entity, one.reason) for one in left]
        print_block(table([translated(heading) for heading in headings], rows))
