"""``crmkit sfa calendar``: calendar files out and in, and private feeds."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import click

from crmkit.command import (
    DAY,
    argument,
    group,
    json_option,
    option,
    print_block,
    print_json,
    record_named,
    say,
    table,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import BadInput, msg

_user = option("--user", metavar="LOGIN", help=wording("Whose calendar; by default one's own."))


@group("calendar", help=wording("Exchange activities with calendars (iCalendar)."))
def calendar() -> None:
    pass


@calendar.command("export", help=wording("Write activities as a calendar file (.ics)."))
@option("--to", "file", metavar="FILE", help=wording("The file; by default the standard output."))
@option("--from", "first", type=DAY, help=wording("From this day on."))
@option("--until", "last", type=DAY, help=wording("Up to this day."))
@_user
@json_option
def export(file: str | None, first: date | None, last: date | None, user: str | None, as_json: bool) -> None:
    from pathlib import Path

    from crmkit_sfa.calendars.feeds import calendar_feed

    with working(reads=True) as (crm, session):
        whose = user_named(session, user).id if user else session.actor.user_id
        feed = calendar_feed(crm.context(session, "sfa"), whose, first=first, last=last)
    if file is not None:
        Path(file).write_bytes(feed.content)
    if as_json:
        print_json({"count": feed.count, "etag": feed.etag, "last_modified": feed.last_modified})
    elif file is None:
        click.echo(feed.content.decode("utf-8"), nl=False)
    else:
        say(msg("{count} activities written to {file}", count=feed.count, file=file))


@calendar.command("import", help=wording("Take a calendar file (.ics) in; again, it changes nothing."))
@argument(
    "file",
    help=wording("The file; - for the standard input."),
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
)
@option("--encoding", default="", metavar="NAME", help=wording("Its encoding; by default found out."))
@option("--skip-errors", "skip", is_flag=True, help=wording("Leave out what is wrong, and take in the rest."))
@_user
@json_option
def import_(file: str, encoding: str, skip: bool, user: str | None, as_json: bool) -> None:
    from pathlib import Path

    from crmkit_sfa.calendars.importing import CalendarProblems, import_calendar

    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    with working() as (crm, session):
        whose = user_named(session, user).id if user else None
        try:
            done = import_calendar(crm.context(session, "sfa"), content, user=whose, encoding=encoding, skip=skip)
        except CalendarProblems as error:
            for problem in error.problems[1:20]:
                say(problem.message())
            raise
    for problem in done.problems:
        say(msg("left out: {problem}", problem=problem.message()))
    if as_json:
        print_json({
            "created": done.created, "updated": done.updated, "unchanged": done.unchanged, "outdated": done.outdated,
            "answered": done.answered, "ignored": done.ignored, "skipped": done.skipped,
        })  # fmt: skip
        return
    say(
        msg(
            "{created} new, {updated} updated, {unchanged} unchanged, {outdated} older than known, {skipped} left out",
            created=done.created,
            updated=done.updated,
            unchanged=done.unchanged,
            outdated=done.outdated,
            skipped=done.skipped,
        )
    )


@calendar.command("feed", help=wording("Make a private feed of a calendar, and show its token this once."))
@option("--name", default="", metavar="TEXT", help=wording("What it is for, such as telephone."))
@_user
@json_option
def feed(name: str, user: str | None, as_json: bool) -> None:
    from crmkit.core.staff import User
    from crmkit_sfa.calendars.feeds import make_feed

    with working() as (crm, session):
        own = session.actor.user_id
        if user is None and own is None:
            raise BadInput(msg("say whose calendar: --user LOGIN"))
        whose = session.get(User, own) if user is None and own is not None else user_named(session, user or "")
        made, token = make_feed(crm.context(session, "sfa"), whose, name)
    if as_json:
        print_json({"id": made.id, "token": token})
        return
    click.echo(token)
    say(msg("keep this token: it is not shown again; whoever has it reads the calendar of {login}", login=whose.login))


@calendar.command("feeds", help=wording("Show the feeds of calendars."))
@json_option
def feeds(as_json: bool) -> None:
    from crmkit.core.staff import User
    from crmkit_sfa.calendars.entities import CalendarFeed

    with working(reads=True) as (_, session):
        found = session.list(CalendarFeed, order="id")
        ids = [one.user_id for one in found if one.user_id is not None]
        logins = {one.id: one.login for one in session.list(User, id=ids)} if ids else {}
    documents: list[dict[str, Any]] = [
        {
            "id": one.id,
            "name": one.name,
            "user": logins.get(one.user_id) if one.user_id else None,
            "created_at": one.created_at,
            "revoked_at": one.revoked_at,
        }
        for one in found
    ]
    if as_json:
        print_json(documents)
        return
    headings = [wording("Name"), wording("User"), wording("Made"), wording("Revoked"), wording("Id")]
    rows = [(d["name"], d["user"] or "", d["created_at"], d["revoked_at"], str(d["id"])) for d in documents]
    print_block(table([translated(heading) for heading in headings], rows))


@calendar.command("revoke", help=wording("Let the token of a feed open nothing any more."))
@argument("feed", help=wording("The id or name of the feed."))
@json_option
def revoke(feed: str, as_json: bool) -> None:
    from crmkit_sfa.calendars.entities import CalendarFeed
    from crmkit_sfa.calendars.feeds import revoke_feed

    with working() as (crm, session):
        found = record_named(session, f"sfa_calendar_feed:{feed}")
        assert isinstance(found, CalendarFeed)
        revoked = revoke_feed(crm.context(session, "sfa"), found)
    if as_json:
        print_json({"id": revoked.id, "revoked_at": revoked.revoked_at})
    else:
        say(msg("revoked: its token opens nothing any more"))
