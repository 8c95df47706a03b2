"""``crmkit handover``: everything that a departing user owns passes to heirs, and comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crmkit.cli.journals import newest_options, print_newest
from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.runtime.crm import Crm
    from crmkit.services.handover import HandOverRules
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
    from crmkit.cli.handover_pages import held_document, plan_document, show_held, show_plan
    from crmkit.cli.output import print_json
    from crmkit.cli.running import working
    from crmkit.services.handover import find_user, holdings, preview

    rules = _rules(**options)
    with working(reads=True) as (crm, session):
        user = find_user(session, login)
        plan = preview(session, user, rules, _values(crm)) if rules is not None else None
        held = plan.holdings if plan is not None else holdings(session, user)
    if as_json:
        print_json(plan_document(plan) if plan is not None else held_document(held))
    else:
        show_held(held)
        if plan is not None:
            show_plan(plan)
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
    from crmkit.cli.handover_pages import report_document, show_report
    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting, opened
    from crmkit.services.handover import run

    rules = _rules(**options)
    with opened() as crm:
        report = run(crm, acting(crm), login, rules, note=note, values=_values(crm))
        logins = _logins(crm)
    if as_json:
        print_json(report_document(report, logins))
    else:
        show_report(report, logins)


@handover.command(
    "undo", help=wording("Take a hand-over back; what somebody has re-assigned since stays and is shown.")
)
@argument("needle", metavar="HANDOVER", help=wording("The id of the hand-over, the login of the user, or last."))
@json_option
def undo_(needle: str, as_json: bool) -> None:
    from crmkit.cli.handover_pages import show_undone
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
        show_undone(report)


@handover.command("list", help=wording("List hand-overs, newest first."))
@newest_options
def list_(limit: int, as_json: bool) -> None:
    from crmkit.cli.running import working
    from crmkit.core.messages import msg
    from crmkit.services.handover import handovers

    with working(reads=True) as (_, session):
        found = handovers(session, limit=limit)
    names = ("id", "state", "note", "created_at", "created_by", "finished_at", "undone_at")
    print_newest(
        [{"login": user.login, **{name: getattr(one, name) for name in names}} for one, user in found],
        [wording("Time"), wording("User"), wording("State"), wording("Note"), wording("Hand-over")],
        [(one.created_at, user.login, translated(_STATES[one.state]), one.note, str(one.id)) for one, user in found],
        session.actor.timezone,
        as_json,
        msg("nobody has handed over yet"),
    )


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
    from pathlib import Path

    import attrs

    from crmkit.cli.text_files import read_text
    from crmkit.services.handover import HandOverRule, HandOverRules, rules_from_toml

    if not (file or given or to or reports_to):
        return None
    rules = HandOverRules()
    if file:
        rules = rules_from_toml(read_text(Path(file)))
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
