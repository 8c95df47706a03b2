"""The addresses of webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from crmkit.core.errors import FieldError
from crmkit.core.messages import msg
from crmkit.plugin import AccessDenied, ValidationFailed
from crmkit_web.records import conditional
from crmkit_web.records.idempotency import IDEMPOTENCY_KEY
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.webhooks import registering, shapes
from crmkit_web.webhooks.entities import Delivery, Webhook
from crmkit_web.webhooks.patterns import pattern_of, told_types
from crmkit_web.webhooks.replaying import replay_from, replay_message
from crmkit_web.webhooks.trying import send_test

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

TAG = "webhooks"

PAGE = (
    Parameter("limit", msg("Records of a page."), kind="integer", default=50, minimum=1, maximum=1_000),
    Parameter("cursor", msg("Where to go on: next of the page before.")),
)
OUTCOME = Parameter("outcome", msg("Only attempts that ended so."), choices=("delivered", "failed", "given_up"))

IF_MATCH = attrs.evolve(conditional.IF_MATCH, required=False)
KNOWN: Mapping[str, Any] = {"headers": (conditional.IF_NONE_MATCH,), "others": {304: None}}


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    patterns = pattern_of(site.crm.registry)
    yield Endpoint(
        "list_webhooks", "GET", "/webhooks", list_, msg("Return a page of webhooks."),
        tag=TAG, query=PAGE, returns=shapes.WEBHOOKS, reads=True, **KNOWN,
    )  # fmt: skip
    yield Endpoint(
        "list_webhook_event_types", "GET", "/webhooks/event-types", event_types,
        msg("Return the types of events that webhooks can hear of."),
        tag=TAG, returns=shapes.EVENT_TYPES, reads=True, **KNOWN,
    )  # fmt: skip
    yield Endpoint(
        "create_webhook", "POST", "/webhooks", create,
        msg("Make a webhook. Its secret is answered this once and cannot be read again."),
        tag=TAG, body=shapes.taken(patterns, creating=True), returns=shapes.WEBHOOK_WITH_SECRET, status=201, secret=True,
    )  # fmt: skip
    yield Endpoint(
        "get_webhook", "GET", "/webhooks/{id}", get, msg("Return one webhook."),
        tag=TAG, returns=shapes.WEBHOOK, reads=True, **KNOWN,
    )  # fmt: skip
    yield Endpoint(
        "change_webhook", "PATCH", "/webhooks/{id}", patch, msg("Change a webhook; what is absent stays as it is."),
        tag=TAG, body=shapes.taken(patterns, creating=False), returns=shapes.WEBHOOK, headers=(IF_MATCH, IDEMPOTENCY_KEY),
    )  # fmt: skip
    yield Endpoint(
        "delete_webhook", "DELETE", "/webhooks/{id}", delete, msg("Delete a webhook: it is told nothing any more."),
        tag=TAG, status=204, headers=(IF_MATCH, IDEMPOTENCY_KEY),
    )  # fmt: skip
    # It waits for the receiver with no transaction open, not even for the note of an idempotency key.
    yield Endpoint(
        "test_webhook", "POST", "/webhooks/{id}/test", try_out,
        msg("Send a message of type webhook.test at once, and answer what became of it."),
        tag=TAG, returns=shapes.DELIVERY, secret=True,
    )  # fmt: skip
    yield Endpoint(
        "rotate_webhook_secret", "POST", "/webhooks/{id}/rotate", rotate,
        msg("Make another secret. Messages are signed with the one before as well for 24 hours."),
        tag=TAG, returns=shapes.WEBHOOK_WITH_SECRET, secret=True,
    )  # fmt: skip
    yield Endpoint(
        "enable_webhook", "POST", "/webhooks/{id}/enable", enable,
        msg("Let a webhook be told again, of what happens from now on."),
        tag=TAG, returns=shapes.WEBHOOK, headers=(IDEMPOTENCY_KEY,),
    )  # fmt: skip
    yield Endpoint(
        "disable_webhook", "POST", "/webhooks/{id}/disable", disable,
        msg("Let a webhook be told nothing until it is enabled again."),
        tag=TAG, returns=shapes.WEBHOOK, headers=(IDEMPOTENCY_KEY,),
    )  # fmt: skip
    yield Endpoint(
        "list_webhook_deliveries", "GET", "/webhooks/{id}/deliveries", deliveries,
        msg("Return the attempts to tell a webhook of events, the latest first. They are kept for 30 days."),
        tag=TAG, query=(*PAGE, OUTCOME), returns=shapes.DELIVERIES, reads=True, **KNOWN,
    )  # fmt: skip
    yield Endpoint(
        "replay_webhook", "POST", "/webhooks/{id}/replay", replay,
        msg("Tell a webhook once more: one delivery, or all events from one of them or from a time on."),
        tag=TAG, body=shapes.REPLAY, returns=shapes.WEBHOOK, status=202, headers=(IDEMPOTENCY_KEY,),
    )  # fmt: skip


def list_(call: Call) -> dict[str, Any]:
    """Answer a page of webhooks."""
    registering.require_permission(call.actor)
    page = call.session.page(Webhook, order="-created_at", limit=call.query["limit"], after=call.query["cursor"] or "")
    return {"items": [_shown(call, one) for one in page.records], "next": page.next or None}


def event_types(call: Call) -> dict[str, Any]:
    """Answer the types of events that there are."""
    registering.require_permission(call.actor)
    items: list[dict[str, Any]] = [
        {"type": type, "entity": entity, "label": call.translate(call.crm.registry.get(entity).label)}
        for type, entity in told_types(call.crm.registry)
        if type not in call.crm.registry.events
    ]
    items += [
        {
            "type": one.name,
            "entity": one.entity,
            "label": one.help.render(call.translate),
            "version": one.version,
            "schema": one.schema,
        }
        for one in call.crm.registry.events.values()
    ]
    return {"items": items}


def create(call: Call) -> Reply:
    """Make a webhook and answer it with its secret."""
    registering.require_permission(call.actor)
    owner = call.actor.user_id
    if owner is None:
        raise AccessDenied(msg("a webhook belongs to a user: log in as one"))
    webhook, secret = registering.create(call.ctx, call.session, call.mapping(), owner)
    location = {"location": f"/api/v1/webhooks/{webhook.id}"}
    return Reply(_shown(call, webhook, secret), 201, {**_tag(webhook), **location})


def get(call: Call) -> Reply:
    """Answer one webhook."""
    return _told(call, _webhook(call))


def patch(call: Call) -> Reply:
    """Change a webhook and answer it as it is stored."""
    return _told(call, registering.patch(call.ctx, call.session, _expected(call), call.mapping()))


def delete(call: Call) -> Reply:
    """Delete a webhook."""
    call.session.delete(_expected(call))
    return Reply(status=204)


def try_out(call: Call) -> dict[str, Any]:
    """Send a message for a test."""
    webhook = _webhook(call)
    registering.require_owner(call.actor, webhook)
    return shapes.shown_delivery(send_test(call.ctx, webhook))


def rotate(call: Call) -> Reply:
    """Give a webhook another secret."""
    webhook, secret = registering.rotate(call.ctx, _webhook(call))
    return Reply(_shown(call, webhook, secret), 200, _tag(webhook))


def enable(call: Call) -> Reply:
    """Let a webhook be told again."""
    return _told(call, registering.enable(call.ctx, _webhook(call)))


def disable(call: Call) -> Reply:
    """Let a webhook be told nothing."""
    return _told(call, registering.disable(call.ctx, _webhook(call)))


def deliveries(call: Call) -> dict[str, Any]:
    """Answer a page of the log."""
    webhook, query = _webhook(call), call.query
    wanted = f"webhook_id = {webhook.id}"
    if query["outcome"]:
        wanted += f" and outcome = {query['outcome']}"
    with call.ctx.elevated("the log of a webhook that the actor may see"):
        page = call.session.page(
            Delivery, wanted, order="-attempted_at,-id", limit=query["limit"], after=query["cursor"] or ""
        )
    return {"items": [shapes.shown_delivery(one) for one in page.records], "next": page.next or None}


def replay(call: Call) -> Reply:
    """Have messages told once more."""
    webhook = _webhook(call)
    registering.require_owner(call.actor, webhook)
    document = call.mapping()
    name, value = _which(document)
    if name == "delivery_id":
        replay_message(call.ctx, webhook, value)
    else:
        replay_from(call.ctx, webhook, **{name: value})
    return Reply(_shown(call, webhook), 202)


def _which(document: dict[str, Any]) -> tuple[str, Any]:
    """Return from where on to replay; raises ValidationFailed."""
    ways = ("delivery_id", "event_id", "since")
    errors = [
        FieldError(f"/{name}", "unknown_field", value, msg("one of {choices}", choices=", ".join(ways)))
        for name, value in document.items()
        if name not in ways
    ]
    given = {name: document[name] for name in ways if name in document}
    if len(given) != 1:
        expected = msg("exactly one of {choices}", choices=", ".join(ways))
        errors.append(FieldError("/", "one_of", ", ".join(given) or None, expected))
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values[name] = _instant(value) if name == "since" else UUID(value)
        except (ValueError, TypeError, AttributeError):
            expected = msg("an instant with its zone, as in 2026-01-31T09:30:00Z") if name == "since" else msg("an id")
            errors.append(FieldError(f"/{name}", "type", value, expected))
    if errors:
        raise ValidationFailed(errors)
    return next(iter(values.items()))


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found


def _webhook(call: Call) -> Webhook:
    registering.require_permission(call.actor)
    return call.session.get(Webhook, call.path["id"])  # type: ignore[no-any-return]


def _expected(call: Call) -> Webhook:
    """Return the webhook, in the state that the request expects where it says one; raises Problem 412."""
    webhook = _webhook(call)
    versions = conditional.versions_expected(call.headers, needed=False)
    conditional.check_version(webhook, versions, _tag(webhook)["etag"])
    return webhook


def _told(call: Call, webhook: Webhook) -> Reply:
    return Reply(_shown(call, webhook), 200, _tag(webhook))


def _shown(call: Call, webhook: Webhook, secret: str = "") -> dict[str, Any]:
    return shapes.shown_webhook(webhook, call.ctx.clock.now(), call.translate, secret)


def _tag(webhook: Webhook) -> dict[str, str]:
    return {"etag": f'"{webhook.version}"'}
