"""``crmkit share``: show single records to users and teams beyond their roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crmkit.cli.access import RECORD
from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.staff import Team, User
    from crmkit.store.session import Session

F = TypeVar("F", bound=Callable[..., Any])


@group("share", help=wording("Share single records with users and teams."))
def share() -> None:
    pass


def _whom(function: F) -> F:
    function = option("--team", default="", metavar="NAME", help=wording("The team, with all of its users."))(function)
    return option("--user", default="", metavar="LOGIN", help=wording("The user."))(function)


@share.command("add", help=wording("Share a record with a user or a team; sharing it again changes how."))
@argument("record", help=RECORD)
@_whom
@option("--update", is_flag=True, help=wording("To change it, too."))
@option("--reason", default="", metavar="TEXT", help=wording("Why."))
@option("--until", metavar="TIME", help=wording("When it ends, such as 2026-12-31 or 2026-12-31T18:00."))
@json_option
def add(record: str, user: str, team: str, update: bool, reason: str, until: str | None, as_json: bool) -> None:
    from crmkit.cli.history import zone_of
    from crmkit.cli.named import record_named
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.staff import RecordShare
    from crmkit.core.values.clock import parse_instant
    from crmkit.services.access import sharing

    with working() as (_, session):
        made = sharing.share(
            session,
            record_named(session, record),
            _to(session, user, team),
            action="update" if update else "read",
            reason=reason,
            expires_at=parse_instant(until, zone_of(session)) if until else None,
        )
        session.commit()
        stored = session.get(RecordShare, made.id)
    if as_json:
        print_json(stored)
    else:
        click.echo(str(stored.id))
        say(msg("shared with {whom}", whom=user or team))


@share.command("remove", help=wording("End what is shared of a record with a user or a team."))
@argument("record", help=RECORD)
@_whom
@json_option
def remove(record: str, user: str, team: str, as_json: bool) -> None:
    from crmkit.cli.named import record_named
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.errors import NotFound
    from crmkit.core.messages import msg
    from crmkit.services.access import unshare

    with working() as (_, session):
        ended = unshare(session, record_named(session, record), _to(session, user, team))
        if not ended:
            raise NotFound(msg("the record is not shared with {whom}", whom=user or team))
        session.commit()
    if as_json:
        print_json({"ended": ended})
    else:
        say(msg("shared with {whom} no more", whom=user or team))


@share.command("list", help=wording("List with whom a record is shared."))
@argument("record", help=RECORD)
@option("--all", "ended", is_flag=True, help=wording("Those that have ended, too."))
@json_option
def list_(record: str, ended: bool, as_json: bool) -> None:
    from crmkit.cli.history import zone_of
    from crmkit.cli.named import record_named
    from crmkit.cli.output import print_block, print_json, shown_value, table
    from crmkit.cli.running import working
    from crmkit.core.staff import Team, User
    from crmkit.services.access import shares_of

    with working(reads=True) as (_, session):
        found = shares_of(session, record_named(session, record), ended=ended)
        users = {one.id: one.login for one in session.list(User)}
        teams = {one.id: one.name for one in session.list(Team)}
        zone = zone_of(session)
    rows = [
        {
            "user": users.get(one.user_id, "") if one.user_id else "",
            "team": teams.get(one.to_team_id, "") if one.to_team_id else "",
            "action": one.action,
            "until": one.expires_at,
            "reason": one.reason,
            "by": users.get(one.created_by, "") if one.created_by else "",
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    headings = [wording("User"), wording("Team"), wording("Right"), wording("Until"), wording("Reason"), wording("By")]
    shown = [
        (
            row["user"],
            row["team"],
            translated(str(row["action"])),
            shown_value(row["until"], zone),
            row["reason"],
            row["by"],
        )
        for row in rows
    ]
    print_block(table([translated(heading) for heading in headings], shown))


def _to(session: Session, user: str, team: str) -> User | Team:
    from crmkit.cli.named import team_named
    from crmkit.services.access.roles import user_named

    if bool(user) == bool(team):
        raise click.UsageError(translated(wording("Name a user with --user or a team with --team.")))
    return user_named(session, user) if user else team_named(session, team)
