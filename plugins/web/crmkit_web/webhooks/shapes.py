"""Webhooks and deliveries as the API shows them: never a secret, once it was made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crmkit.core.messages import Message, Translate, msg
from crmkit_web.webhooks.entities import Delivery, Webhook

REASONS: Mapping[str, Message] = {
    "asked": msg("somebody disabled it"),
    "owner": msg("its owner is not active any more, or may not manage webhooks any more"),
    "filter": msg("its owner may not use its filter any more"),
    "secret": msg("its secret cannot be read: the installation's secret_key is another one"),
    "gone": msg("the address answered 410 Gone"),
    "failed": msg("no message was delivered for days"),
}
"""Why a webhook is disabled."""

_ID = {"type": "string", "format": "uuid"}
_INSTANT = {"type": "string", "format": "date-time"}


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _object(properties: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _page(item: Mapping[str, Any]) -> dict[str, Any]:
    return _object({"items": {"type": "array", "items": item}, "next": {"type": ["string", "null"]}})


_EVENTS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string", "maxLength": 100, "examples": ["customer.created", "customer.*", "*.deleted", "*"]},
    "minItems": 1,
    "maxItems": 100,
}
_SAID: dict[str, Any] = {
    "url": {"type": "string", "maxLength": 2_000, "examples": ["https://example.com/hooks/crm"]},
    "events": _EVENTS,
    "description": {"type": "string", "maxLength": 500},
    "filter": {"type": "string", "maxLength": 2_000, "format": "crmkit-filter"},
    "payload": {"type": "string", "enum": ["full", "thin"]},
}
_SHOWN = {
    "id": _ID,
    "version": {"type": "integer"},
    **_SAID,
    "owner_id": _or_null(_ID),
    "state": {"type": "string", "enum": ["active", "disabled"]},
    "reason": _object({"code": {"type": "string", "enum": list(REASONS)}, "detail": {"type": "string"}})
    | {"type": ["object", "null"]},
    "since": _or_null(_INSTANT),
    "rotated_until": _or_null(_INSTANT),
    "created_at": _or_null(_INSTANT),
    "updated_at": _or_null(_INSTANT),
}

WEBHOOK = _object(_SHOWN)
WEBHOOK_WITH_SECRET = _object({**_SHOWN, "secret": {"type": "string", "pattern": "^whsec_"}})
WEBHOOKS = _page(WEBHOOK)
DELIVERY = _object(
    {
        "id": _ID,
        "message_id": {"type": "string"},
        "event_id": _or_null(_ID),
        "type": {"type": "string"},
        "attempt": {"type": "integer"},
        "attempted_at": _INSTANT,
        "outcome": {"type": "string", "enum": ["delivered", "failed", "given_up"]},
        "status": {"type": ["integer", "null"]},
        "error": {"type": "string"},
        "response": {"type": "string"},
        "milliseconds": {"type": "integer"},
        "next_attempt_at": _or_null(_INSTANT),
    }
)
DELIVERIES = _page(DELIVERY)
EVENT_TYPES = _object(
    {
        "items": {
            "type": "array",
            "items": _object(
                {
                    "type": {"type": "string"},
                    "entity": {"type": "string"},
                    "label": {"type": "string"},
                    "version": {"type": "integer"},
                    "schema": {"type": "object"},
                },
                "version",
                "schema",
            ),
        }
    }
)
REPLAY = {
    **_object({"delivery_id": _ID, "event_id": _ID, "since": _INSTANT}, "delivery_id", "event_id", "since"),
    "minProperties": 1,
    "maxProperties": 1,
}


def taken(patterns: str, *, creating: bool) -> dict[str, Any]:
    """Return the schema of what makes a webhook, or changes one; ``patterns`` is the expression that its events match."""
    events = {**_EVENTS, "items": {**_EVENTS["items"], "pattern": patterns}}
    url = {**_SAID["url"], "pattern": "^https?://[^/?#@]+"}
    said = {**_SAID, "url": url, "events": events}
    return _object(said, *(("description", "filter", "payload") if creating else said))


def shown_webhook(webhook: Webhook, now: datetime, translate: Translate | None, secret: str = "") -> dict[str, Any]:
    """Return a webhook as a document, with its secret where it was made just now."""
    former = webhook.former_until if webhook.former_secret else None
    document = {name: getattr(webhook, name) for name in _SHOWN if name not in ("reason", "rotated_until")}
    why = REASONS.get(webhook.reason)
    document["reason"] = None if why is None else {"code": webhook.reason, "detail": why.render(translate)}
    document["rotated_until"] = former if former is not None and now < former else None
    return {**document, "secret": secret} if secret else document


def shown_delivery(delivery: Delivery) -> dict[str, Any]:
    """Return an attempt as a document."""
    document = {name: getattr(delivery, name) for name in DELIVERY["properties"] if name != "event_id"}
    return {**document, "event_id": delivery.event or None}
