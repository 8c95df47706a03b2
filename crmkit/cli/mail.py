"""``crmkit mail``: take mail in from files and mailboxes, and send it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.core.access import Actor
    from crmkit.core.interaction import Interaction
    from crmkit.runtime.crm import Crm
    from crmkit.services.mail.importing import MailReport


@group("mail", help=wording("Take mail in from files and mailboxes, and send it."))
def mail() -> None:
    pass


_known_only = option("--known-only", is_flag=True, help=wording("Leave out mail in which no customer is recognised."))


@mail.command(
    "import",
    help=wording(
        "Take in mails from files: .eml, mbox and Maildir, and folders of them.\n\n"
        "What is stored already is not taken again, so that an import that broke off is just repeated."
    ),
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@_known_only
@json_option
@click.pass_context
def import_(ctx: click.Context, paths: tuple[Path, ...], known_only: bool, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.running import acting, opened
    from crmkit.services.mail.importing import MailReport, import_mails
    from crmkit.services.mail.own import own_addresses
    from crmkit.services.mail.sources import mails_of

    with opened() as crm:
        actor, settings, report = acting(crm), crm.config.mail, MailReport()
        with crm.session(actor, reads=True) as session:
            own = own_addresses(session, settings)
        for path in paths:
            import_mails(
                lambda: crm.session(actor),
                mails_of(path, settings.largest),
                own,
                settings,
                crm.attachments,
                zone=ZoneInfo(crm.config.timezone),
                known_only=known_only,
                report=report,
            )
    _show(ctx, report, as_json)


@mail.command(
    "fetch", help=wording("Take in what is new in the mailboxes of the configuration, by IMAP; only reads there.")
)
@click.argument("mailboxes", nargs=-1)
@_known_only
@json_option
@click.pass_context
def fetch(ctx: click.Context, mailboxes: tuple[str, ...], known_only: bool, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.running import acting, opened
    from crmkit.core.errors import ConfigError, NotFound, did_you_mean
    from crmkit.core.messages import msg
    from crmkit.services.mail.fetching import fetch as fetch_from
    from crmkit.services.mail.importing import MailReport
    from crmkit.services.mail.own import own_addresses

    with opened() as crm:
        actor, settings, report = acting(crm), crm.config.mail, MailReport()
        known = {mailbox.name: mailbox for mailbox in settings.mailboxes}
        if not known:
            raise ConfigError(msg("there is no mailbox to fetch from: add mail.mailboxes to the configuration"))
        for name in mailboxes:
            if name not in known:
                raise NotFound(msg("no mailbox {name}; {hint}", name=name, hint=did_you_mean(name, known)))
        with crm.session(actor, reads=True) as session:
            own = own_addresses(session, settings)
        for name in mailboxes or known:
            fetch_from(
                lambda: crm.session(actor),
                known[name],
                own,
                settings,
                crm.attachments,
                zone=ZoneInfo(crm.config.timezone),
                known_only=known_only,
                report=report,
            )
    _show(ctx, report, as_json)


@mail.command(
    "send",
    help=wording(
        "Send a mail to customers who consented to its purpose, or answer one of theirs.\n\n"
        "A mail whose server cannot be reached waits; --waiting sends all that wait."
    ),
)
@option(
    "--to",
    multiple=True,
    metavar="CUSTOMER",
    help=wording("Whom to: name, id, number or mail address of a customer; may be given again."),
)
@option("--cc", multiple=True, metavar="CUSTOMER", help=wording("Who gets a copy; may be given again."))
@option("--subject", default="", metavar="TEXT", help=wording("What it is about."))
@option("--body", default="", metavar="TEXT", help=wording("What it says; - reads it from the standard input."))
@option("--purpose", default="", metavar="WORD", help=wording("What for, such as newsletter; answers need none."))
@option("--reply-to", metavar="ID", help=wording("The interaction that it answers."))
@option(
    "--attach",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=wording("A file to send along; may be given again."),
)
@option("--key", default="", metavar="TEXT", help=wording("Names this mail: the same key sends it once."))
@option("--waiting", is_flag=True, help=wording("Send the mails that wait, and no other."))
@option("--again", metavar="ID", help=wording("Send a mail again whose last try was broken off."))
@json_option
@click.pass_context
def send(
    ctx: click.Context,
    to: tuple[str, ...],
    cc: tuple[str, ...],
    subject: str,
    body: str,
    purpose: str,
    reply_to: str | None,
    files: tuple[Path, ...],
    key: str,
    waiting: bool,
    again: str | None,
    as_json: bool,
) -> None:
    from crmkit.cli.running import acting, opened
    from crmkit.core.values.ids import parse_id
    from crmkit.runtime.messages import written

    text = sys.stdin.read() if body == "-" else body
    with opened() as crm:
        actor = acting(crm)
        if waiting:
            _send_waiting(ctx, crm, actor, as_json)
            return
        if again is not None:
            _sent(crm, actor, parse_id(again), as_json, again=True)
            return
        with crm.session(actor) as session:
            made = written(
                crm,
                session,
                "email",
                [_party(session, needle) for needle in to],
                cc=[_party(session, needle) for needle in cc],
                subject=subject,
                body=text,
                purpose=purpose,
                reply_to=parse_id(reply_to) if reply_to else None,
                files=[(file.name, file.read_bytes()) for file in files],
                key=key,
            )
        _sent(crm, actor, made.id, as_json)


def _party(session: Any, needle: str) -> Any:
    """Return a mail address as it is, since it says which one to use; all else names a customer."""
    from crmkit.services.customer_view import find_customer

    return needle if "@" in needle.strip("@") else find_customer(session, needle)


def _sent(crm: Crm, actor: Actor, id: UUID, as_json: bool, again: bool = False) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    delivered = crm.deliver(id, actor, again=again)
    if as_json:
        print_json(_message(delivered.interaction) | {"refused": dict(delivered.refused)})
        return
    click.echo(str(id))
    for address, words in delivered.refused:
        say(msg("not to {address}: {words}", address=address, words=words))
    say(msg("sent"))


def _send_waiting(ctx: click.Context, crm: Crm, actor: Actor, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say
    from crmkit.core.errors import CrmError
    from crmkit.core.messages import msg
    from crmkit.services.messaging import waiting

    with crm.session(actor, reads=True) as session:
        ids = waiting(session, ["email"])
    sent: list[UUID] = []
    failed: list[tuple[UUID, CrmError]] = []
    for id in ids:
        try:
            crm.deliver(id, actor)
            sent.append(id)
        except CrmError as error:
            if error.code in ("database_unavailable", "storage_full", "config"):
                raise
            failed.append((id, error))
    if as_json:
        print_json({"sent": sent, "failed": [{"id": id, "error": reason.message} for id, reason in failed]})
    else:
        for id, reason in failed:
            say(msg("{id}: {error}", id=str(id), error=reason.message))
        say(msg("{sent} sent, {failed} not", sent=len(sent), failed=len(failed)))
    if failed:
        ctx.exit(1)


def _message(interaction: Interaction) -> dict[str, Any]:
    return {
        "id": interaction.id,
        "status": interaction.status,
        "message_id": interaction.external_key,
        "subject": interaction.subject,
        "occurred_at": interaction.occurred_at,
        "thread_id": interaction.thread_id,
    }


_WORDS = {
    "logged": wording("logged"),
    "stored": wording("logged before"),
    "internal": wording("between our own people"),
    "nobody": wording("without anybody else"),
    "unknown": wording("from nobody known"),
    "erased": wording("of people who were erased"),
    "failed": wording("failed"),
}


def _show(ctx: click.Context, report: MailReport, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    if as_json:
        print_json(
            {
                "counts": {name: report.counts[name] for name in _WORDS},
                "failures": [{"place": one.place, "error": one.error.message} for one in report.failures],
                "files_left_out": [{"place": place, "reason": reason} for place, reason in report.left_out],
                "bounced": report.bounced,
            }
        )
    else:
        for one in report.failures:
            say(msg("{place}: {error}", place=one.place, error=str(one.error)))
        for place, reason in report.left_out:
            say(msg("{place}: left out: {reason}", place=place, reason=reason))
        for address in report.bounced:
            say(msg("{address} cannot be reached any more", address=address))
        figures = [f"{count:,} {translated(_WORDS[name])}" for name, count in report.figures.items()]
        click.echo(", ".join(figures) or translated(wording("no mail")))
    if report.failures:
        ctx.exit(1)
