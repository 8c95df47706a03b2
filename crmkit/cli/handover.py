"""``crmkit handover``: everything that a departing user owns passes to heirs, and comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.runtime.crm import Crm
    from crmkit.services.handover import HandOverPlan, HandOverReport, HandOverRules, HandOverUndone, Holdings, Left
    from crmkit.services.handover.assigning import Values

F = TypeVar("F", bound=Callable[..., Any])

_LOGIN = wording("The login of the user who leaves.")


@group("handover", help=wording("Hand over everything that a departing user owns, and take it back."))
def handover() -> None:
    pass


def _rule_options(function: F) -> F:
    for decorate in (
        option(
            "--rules",
            "file",
            type=click.Path(exists=True, dir_okay=False),
            metavar="FILE",
            help=wording("A TOML file with rules: who gets what."),
        ),
        option(
            "--rule",
            "given",
            multiple=True,
            metavar="FILTER=>LOGINS",
            help=wording('A rule for customers, as in "country = CN => ann, ben"; may be given again.'),
        ),
        option(
            "--to",
            multiple=True,
            metavar="LOGIN",
            help=wording("Who gets what no rule takes; may be given again. team:NAME stands for the users of a team."),
        ),
        option(
            "--split",
            type=click.Choice(["count", "value"]),
            default="count",
            show_default=True,
            help=wording("What several heirs get evenly: customers, or what these are worth."),
        ),
        option("--reports-to", default="", metavar="LOGIN", help=wording("To whom users report from now on.")),
        json_option,
    )[::-1]:
        function = decorate(function)
    return function


@handover.command(
    "preview",
    help=wording(
        "Show what a user owns and, with rules, who would get it. Exit code 5: it cannot be done.\n\nNothing is written."
    ),
)
@argument("login", help=_LOGIN)
@_rule_options
@click.pass_context
def preview_(ctx: click.Context, /, login: str, as_json: bool, **options: Any) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import working
    from crmkit.services.handover import find_user, holdings, preview

    rules = _rules(**options)
    with working(reads=True) as (crm, session):
        user = find_user(session, login)
        plan = preview(session, user, rules, _values(crm)) if rules is not None else None
        held = plan.holdings if plan is not None else holdings(session, user)
    if as_json:
        print_json(_plan_document(plan) if plan is not None else _held_document(held))
    else:
        _show_held(held)
        if plan is not None:
            _show_plan(plan)
    if plan is not None and not plan.allowed:
        ctx.exit(5)


@handover.command(
    "run",
    help=wording(
        "Hand over everything that a user owns; the user is frozen first and has departed then.\n\n"
        "A hand-over that was interrupted goes on when it is run again without rules."
    ),
)
@argument("login", help=_LOGIN)
@_rule_options
@option("--note", default="", metavar="TEXT", help=wording("Why, for the record."))
def run_(login: str, note: str, as_json: bool, **options: Any) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting, opened
    from crmkit.services.handover import run

    rules = _rules(**options)
    with opened() as crm:
        report = run(crm, acting(crm), login, rules, note=note, values=_values(crm))
        logins = _logins(crm)
    if as_json:
        print_json(_report_document(report, logins))
    else:
        _show_report(report, logins)


@handover.command(
    "undo", help=wording("Take a hand-over back; what somebody has re-assigned since stays and is shown.")
)
@argument("needle", metavar="HANDOVER", help=wording("The id of the hand-over, the login of the user, or last."))
@json_option
def undo_(needle: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting, opened
    from crmkit.services.handover import find_handover, undo

    with opened() as crm:
        actor = acting(crm)
        with crm.session(actor, reads=True) as session:
            found = find_handover(session, needle)
        report = undo(crm, actor, found.id)
    if as_json:
        print_json(
            {
                "id": report.handover.id,
                "login": report.user.login,
                "state": report.user.state,
                "restored": report.restored,
                "left": report.left,
            }
        )
    else:
        _show_undone(report)


@handover.command("list", help=wording("List hand-overs, newest first."))
@option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    metavar="N",
    help=wording("At most this many."),
)
@json_option
def list_(limit: int, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.output import print_block, print_json, shown_value, table
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.services.handover import handovers

    with working(reads=True) as (_, session):
        found = handovers(session, limit=limit)
        zone = ZoneInfo(session.actor.timezone)
    if as_json:
        names = ("id", "state", "note", "created_at", "created_by", "finished_at", "undone_at")
        print_json([{"login": user.login, **{name: getattr(one, name) for name in names}} for one, user in found])
        return
    if not found:
        say(msg("nobody has handed over yet"))
        return
    headings = [wording("Time"), wording("User"), wording("State"), wording("Note"), wording("Hand-over")]
    rows = [
        (shown_value(one.created_at, zone), user.login, translated(_STATES[one.state]), one.note, str(one.id))
        for one, user in found
    ]
    print_block(table([translated(heading) for heading in headings], rows))


_STATES = {
    "running": wording("running"),
    "finished": wording("finished"),
    "undoing": wording("undoing"),
    "undone": wording("undone"),
}


def _rules(
    file: str | None, given: Sequence[str], to: Sequence[str], split: Any, reports_to: str
) -> HandOverRules | None:
    """Return the rules that the options give, None when they give none."""
    import attrs

    from crmkit.services.handover import HandOverRule, HandOverRules, rules_from_toml

    if not (file or given or to or reports_to):
        return None
    rules = HandOverRules()
    if file:
        with open(file, encoding="utf-8") as source:
            rules = rules_from_toml(source.read())
    more = []
    for text in given:
        filter, heirs = _rule(text)
        more.append(HandOverRule(to=heirs, filter=filter, split=split))
    # What no rule takes comes last, whether the file says so or the options.
    named = [rule for rule in rules.rules if rule.entity != "*"]
    rest = [rule for rule in rules.rules if rule.entity == "*"]
    made = attrs.evolve(rules, rules=(*named, *more, *rest), reports_to=reports_to or rules.reports_to)
    return made.with_rest(*to, split=split)


def _rule(text: str) -> tuple[str, tuple[str, ...]]:
    from crmkit.core.errors import BadInput
    from crmkit.core.messages import msg, shown

    filter, sign, logins = text.rpartition("=>")
    heirs = tuple(login.strip() for login in logins.split(",") if login.strip())
    if not sign or not heirs:
        expected = msg("a filter, => and logins separated by commas")
        raise BadInput(msg("--rule {value}: expected {expected}", value=shown(text), expected=expected))
    return filter.strip(), heirs


def _values(crm: Crm) -> Values:
    from crmkit.services.handover import revenue_in

    return revenue_in(crm.config.currency, crm.kinds)


def _logins(crm: Crm) -> Mapping[UUID, str]:
    from crmkit.core.staff import User

    with crm.session(reads=True) as session:
        return {user.id: user.login for user in session.list(User)}


# -- as JSON -----------------------------------------------------------------------------------------------------------


def _held_document(held: Holdings) -> dict[str, Any]:
    return {
        "login": held.user.login,
        "state": held.user.state,
        "owned": held.owned,
        "assigned": held.assigned,
        "shares": held.shares,
        "delegations": held.delegations,
        "reports": [user.login for user in held.reports],
    }


def _plan_document(plan: HandOverPlan) -> dict[str, Any]:
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
        **_held_document(plan.holdings),
        "passes": shares,
        "values": values,
        "untaken": plan.untaken,
        "blocked": list(plan.blocked),
    }


def _report_document(report: HandOverReport, logins: Mapping[UUID, str]) -> dict[str, Any]:
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


def _show_held(held: Holdings) -> None:
    from crmkit.cli.output import print_block, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

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


def _show_plan(plan: HandOverPlan) -> None:
    from crmkit.cli.output import print_block, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

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


def _show_report(report: HandOverReport, logins: Mapping[UUID, str]) -> None:
    from crmkit.cli.output import print_block, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

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


def _show_undone(report: HandOverUndone) -> None:
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

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
    from crmkit.cli.output import print_block, table

    if left:
        headings = [wording("Left as it is"), wording("Entity"), wording("Why")]
        rows = [(one.title or str(one.record_id), one.entity, one.reason) for one in left]
        print_block(table([translated(heading) for heading in headings], rows))
