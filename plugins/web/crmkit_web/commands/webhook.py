"""``crmkit webhook``: what happens in the CRM, told elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.command import (
    argument,
    group,
    json_option,
    option,
    print_json,
    print_list,
    print_page,
    say,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import BadInput, NotFound, msg

if TYPE_CHECKING:
    from crmkit_web.webhooks.entities import Webhook

ID = wording("The webhook's id, as crmkit webhook list shows it.")


@group("webhook", help=wording("Webhooks: what happens in the CRM, told elsewhere."))
def webhook() -> None:
    """See the help text."""


@webhook.command("add", help=wording("Make a webhook and print its secret, which cannot be shown again."))
@argument("url", help=wording("Where to, as in https://example.com/hooks."))
@argument("events", nargs=-1, required=True, help=wording("Types of events, as in customer.created or customer.*."))
@option("--owner", metavar="LOGIN", required=True, help=wording("The user who hears: what it may see is told."))
@option("--filter", "wanted", default="", help=wording("Which records, in the filter language."))
@option("--description", default="", help=wording("What it is for."))
@option("--thin", is_flag=True, help=wording("Tell ids alone, without the record."))
@json_option
def add(
    url: str, events: tuple[str, ...], owner: str, wanted: str, description: str, thin: bool, as_json: bool
) -> None:
    from crmkit_web.webhooks.registering import create

    said = {"url": url, "events": list(events), "filter": wanted, "description": description}
    with working() as (crm, session):
        user = user_named(session, owner)
        # Its filter is read with the rights that it will have.
        with crm.session(crm.actor(user.login), reads=True) as seen:
            document = {**said, "payload": "thin" if thin else "full"}
            made, secret = create(crm.context(session, "web"), seen, document, user.id)
        session.commit()
    if as_json:
        print_json({"id": made.id, "secret": secret})
    else:
        print_page([("Webhook", made.id), ("Secret", secret)])


@webhook.command("list", help=wording("List webhooks."))
@json_option
def list_(as_json: bool) -> None:
    from crmkit_web.webhooks.entities import Webhook

    with working(reads=True) as (crm, session):
        found = session.list(Webhook, order="-created_at")
        documents = [_document(crm, one) for one in found]
    rows = [[one["id"], one["url"], ", ".join(one["events"]), one["state"], _why(one)] for one in documents]
    headings = [wording("Id"), wording("Address"), wording("Events"), wording("State"), wording("Why")]
    print_list(documents, headings, rows, as_json=as_json, nothing=msg("there are no webhooks"))


@webhook.command("show", help=wording("Show one webhook."))
@argument("id", help=ID)
@json_option
def show(id: str, as_json: bool) -> None:
    with working(reads=True) as (crm, session):
        document = _document(crm, _named(session, id))
    if as_json:
        print_json(document)
    else:
        shown = {**document, "events": ", ".join(document["events"]), "reason": _why(document)}
        print_page(shown.items())


@webhook.command("test", help=wording("Send a message of type webhook.test at once, and tell what became of it."))
@argument("id", help=ID)
@json_option
def test(id: str, as_json: bool) -> None:
    from crmkit_web.webhooks.shapes import shown_delivery
    from crmkit_web.webhooks.trying import send_test

    with working() as (crm, session):
        made = shown_delivery(send_test(crm.context(session, "web"), _named(session, id)))
    if as_json:
        print_json(made)
    elif made["outcome"] == "delivered":
        say(msg("delivered: status {status}, {count} ms", status=made["status"], count=made["milliseconds"]))
    else:
        say(msg("not delivered: {answer}", answer=_answer(made)))
    if made["outcome"] != "delivered":
        raise click.exceptions.Exit(1)


@webhook.command("log", help=wording("List the attempts to tell a webhook of events, the latest first."))
@argument("id", help=ID)
@option("--limit", type=click.IntRange(1, 1_000), default=20, show_default=True, help=wording("How many."))
@json_option
def log(id: str, limit: int, as_json: bool) -> None:
    from crmkit_web.webhooks.entities import Delivery
    from crmkit_web.webhooks.shapes import shown_delivery

    with working(reads=True) as (_, session):
        found = session.list(Delivery, webhook_id=_named(session, id).id, order="-attempted_at,-id", limit=limit)
        documents = [shown_delivery(one) for one in found]
    rows = [
        [one["id"], one["attempted_at"], one["type"], one["attempt"], one["outcome"], _answer(one), one["milliseconds"]]
        for one in documents
    ]
    headings = [
        wording("Id"), wording("When"), wording("Event"), wording("Attempt"), wording("Outcome"), wording("Answer"),
        wording("ms"),
    ]  # fmt: skip
    print_list(documents, headings, rows, as_json=as_json, nothing=msg("nothing was sent yet"), right=(3, 6))


@webhook.command("replay", help=wording("Tell a webhook once more: a delivery, or all from an event or a time on."))
@argument("id", help=ID)
@option("--delivery", default="", metavar="ID", help=wording("One delivery, as crmkit webhook log shows it."))
@option("--from-event", default="", metavar="ID", help=wording("All events from this one on."))
@option("--since", default="", metavar="TIME", help=wording("All events from this time on, as in 2026-01-31T09:30Z."))
def replay(id: str, delivery: str, from_event: str, since: str) -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from crmkit.core.values.ids import parse_id
    from crmkit_web.webhooks.replaying import replay_from, replay_message

    if sum(map(bool, (delivery, from_event, since))) != 1:
        raise click.UsageError(translated(wording("give one of --delivery, --from-event and --since")))
    with working() as (crm, session):
        ctx, found = crm.context(session, "web"), _named(session, id)
        if delivery:
            replay_message(ctx, found, delivery)
        elif from_event:
            replay_from(ctx, found, event_id=parse_id(from_event))
        else:
            try:
                moment = datetime.fromisoformat(since)
            except ValueError:
                raise BadInput(msg("{value}: expected a time, as in 2026-01-31T09:30Z", value=since)) from None
            zone = ZoneInfo(ctx.timezone)
            replay_from(ctx, found, since=moment if moment.tzinfo else moment.replace(tzinfo=zone))
    say(msg("the worker tells it once more"))


@webhook.command("rotate", help=wording("Make another secret and print it; the one before is valid for 24 hours more."))
@argument("id", help=ID)
def rotate(id: str) -> None:
    from crmkit_web.webhooks.registering import rotate as rotated

    with working() as (crm, session):
        _, secret = rotated(crm.context(session, "web"), _named(session, id))
    click.echo(secret)


@webhook.command("enable", help=wording("Let a webhook be told again, of what happens from now on."))
@argument("id", help=ID)
def enable(id: str) -> None:
    from crmkit_web.webhooks.registering import enable as enabled

    with working() as (crm, session):
        enabled(crm.context(session, "web"), _named(session, id))
    say(msg("the webhook is enabled"))


@webhook.command("disable", help=wording("Let a webhook be told nothing until it is enabled again."))
@argument("id", help=ID)
def disable(id: str) -> None:
    from crmkit_web.webhooks.registering import disable as disabled

    with working() as (crm, session):
        disabled(crm.context(session, "web"), _named(session, id))
    say(msg("the webhook is disabled"))


@webhook.command("remove", help=wording("Delete a webhook: it is told nothing any more."))
@argument("id", help=ID)
def remove(id: str) -> None:
    with working() as (_, session):
        session.delete(_named(session, id))
    say(msg("the webhook is deleted"))


def _named(session: Any, id: str) -> Webhook:
    """Return a webhook by its id or the beginning of it, unless several begin so."""
    from crmkit_web.webhooks.entities import Webhook
    from crmkit_web.webhooks.registering import require_permission

    require_permission(session.actor)
    found = [
        one for one in session.list(Webhook) if str(one.id).startswith(id.lower()) or str(one.id).endswith(id.lower())
    ]
    if len(found) != 1:
        raise NotFound(msg("no {entity} with id {id}", entity="web_webhook", id=id))
    the_one: Webhook = found[0]
    return the_one


def _document(crm: Any, found: Webhook) -> dict[str, Any]:
    from crmkit_web.webhooks.shapes import shown_webhook

    return shown_webhook(found, crm.clock.now(), translated)


def _why(document: dict[str, Any]) -> str:
    return str(document["reason"]["detail"]) if document["reason"] else ""


def _answer(document: dict[str, Any]) -> str:
    status = "" if document["status"] is None else str(document["status"])
    return " ".join(part for part in (status, document["error"], document["response"]) if part)
