"""``crmkit delegation``: for a time, let one user act on behalf of another."""

from __future__ import annotations

import click

from crmkit.cli.access import RECORD
from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording


@group("delegation", help=wording("Let users act on behalf of others, for a time."))
def delegation() -> None:
    pass


@delegation.command("add", help=wording("Let a deputy act on behalf of a user, with no more than the user's rights."))
@argument("user", help=wording("The login of the user whose rights are delegated."))
@argument("deputy", help=wording("The login of the user who acts."))
@option("--until", required=True, metavar="TIME", help=wording("When it ends, such as 2026-12-31."))
@option("--since", metavar="TIME", help=wording("When it begins; now when left out."))
@option("--entity", default="", metavar="ENTITY", help=wording("Only for the records of this entity."))
@option("--record", metavar="RECORD", help=RECORD)
@option("--passes-on", is_flag=True, help=wording("The deputy's own deputies may act on the user's behalf, too."))
@option("--reason", default="", metavar="TEXT", help=wording("Why."))
@json_option
def add(
    user: str,
    deputy: str,
    until: str,
    since: str | None,
    entity: str,
    record: str | None,
    passes_on: bool,
    reason: str,
    as_json: bool,
) -> None:
    from crmkit.cli.history import zone_of
    from crmkit.cli.named import record_named
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.staff import Delegation
    from crmkit.core.values.clock import parse_instant
    from crmkit.services.access import delegate
    from crmkit.services.access.roles import user_named

    with working() as (_, session):
        zone = zone_of(session)
        made = delegate(
            session,
            user_named(session, user),
            user_named(session, deputy),
            until=parse_instant(until, zone),
            since=parse_instant(since, zone) if since else None,
            record=record_named(session, record) if record else None,
            entity=entity,
            passes_on=passes_on,
            reason=reason,
        )
        session.commit()
        stored = session.get(Delegation, made.id)
    if as_json:
        print_json(stored)
    else:
        click.echo(str(stored.id))
        say(msg("{deputy} acts for {user}", deputy=deputy, user=user))


@delegation.command("list", help=wording("List delegations, the latest first."))
@option("--user", default="", metavar="LOGIN", help=wording("Those of or to this user."))
@option("--all", "ended", is_flag=True, help=wording("Those that have ended, too."))
@json_option
def list_(user: str, ended: bool, as_json: bool) -> None:
    from crmkit.cli.history import zone_of
    from crmkit.cli.output import print_block, print_json, shown_value, table
    from crmkit.cli.running import working
    from crmkit.core.staff import User
    from crmkit.services.access import delegations
    from crmkit.services.access.roles import user_named

    with working(reads=True) as (_, session):
        whose = user_named(session, user) if user else None
        logins = {one.id: one.login for one in session.list(User)}
        zone = zone_of(session)
        rows = [
            {
                "id": one.id,
                "user": logins.get(one.user_id, str(one.user_id)),
                "deputy": logins.get(one.deputy_id, str(one.deputy_id)),
                "since": one.starts_at,
                "until": one.ends_at,
                "about": f"{one.entity}:{one.record_id}" if one.record_id else one.entity,
                "passes_on": one.passes_on,
                "reason": one.reason,
            }
            for one in delegations(session, whose, ended=ended)
        ]
    if as_json:
        print_json(rows)
        return
    names = (
        wording("User"),
        wording("Deputy"),
        wording("Since"),
        wording("Until"),
        wording("About"),
        wording("Reason"),
    )
    headings = [*[translated(name) for name in names], translated("Id")]
    shown = [
        (
            row["user"],
            row["deputy"],
            shown_value(row["since"], zone),
            shown_value(row["until"], zone),
            row["about"],
            row["reason"],
            str(row["id"]),
        )
        for row in rows
    ]
    print_block(table(headings, shown))


@delegation.command("end", help=wording("End a delegation now; it counts at once, in open sessions too."))
@argument("id", help=wording("The id of the delegation."))
@json_option
def end_(id: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.staff import Delegation
    from crmkit.services.access import end

    with working() as (_, session):
        ended = end(session, session.get(Delegation, id))
        session.commit()
    if as_json:
        print_json(ended)
    else:
        say(msg("ended {id}", id=str(ended.id)))
