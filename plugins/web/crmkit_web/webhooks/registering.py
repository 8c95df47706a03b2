"""Making and changing webhooks; every error is told, not the first alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from crmkit.core.access import Scope
from crmkit.core.errors import FieldError, did_you_mean
from crmkit.plugin import AccessDenied, BadInput, NotFound, ValidationFailed, change, msg
from crmkit_web.webhooks.declared import PERMISSION
from crmkit_web.webhooks.entities import Webhook
from crmkit_web.webhooks.patterns import named_entities, pattern_errors
from crmkit_web.webhooks.secrets import new_secret, rotated, stored

SETTABLE = ("url", "events", "description", "filter", "payload")
"""What the owner says of a webhook."""

PAYLOADS = ("full", "thin")


def require_permission(actor: Any) -> None:
    """Raise AccessDenied for who may not work with webhooks at all."""
    if not actor.has_permission(PERMISSION):
        raise AccessDenied(
            msg(
                "{actor} may not manage webhooks: it takes the permission {permission}",
                actor=actor.name,
                permission=PERMISSION,
            )
        )


def require_owner(actor: Any, webhook: Webhook) -> None:
    """Raise AccessDenied unless the actor owns the webhook, without a ceiling of a token, or is the system.

    A webhook tells what its owner may see: in the hands of somebody else it would tell that one too.
    """
    if not actor.everything and (actor.user_id != webhook.owner_id or actor.deputy_id is not None):
        raise AccessDenied(msg("only the owner of a webhook says what it tells, where to and signed by which secret"))
    if actor.ceiling is not None:
        # It would tell all that the owner may see, and so more than whoever makes it may.
        raise AccessDenied(msg("a token with scopes does not say what webhooks tell"))


def create(ctx: Any, seen: Any, document: Mapping[str, Any], owner: UUID) -> tuple[Webhook, str]:
    """Make a webhook and return it with its secret, which is shown this once.

    ``seen`` is a session of the owner. Raises ValidationFailed with all that is wrong, and AccessDenied to a deputy.
    """
    require_permission(seen.actor)
    values = _checked(ctx, seen, document, creating=True)
    secret = new_secret()
    webhook = Webhook(owner_id=owner, secret=stored(ctx.config, secret), since=ctx.clock.now(), **values)
    require_owner(ctx.session.actor, webhook)
    ctx.session.actor.require("web_webhook", "create")
    # Its secret is no field that anybody may write.
    with ctx.elevated("the secret of a webhook that the actor may make"):
        ctx.session.add(webhook)
    return ctx.session.get(Webhook, webhook.id), secret


def patch(ctx: Any, seen: Any, webhook: Webhook, document: Mapping[str, Any]) -> Webhook:
    """Change what a document says, and return the webhook as it is stored."""
    require_owner(ctx.session.actor, webhook)
    values = _checked(ctx, seen, document, creating=False, before=webhook)
    return _stored(ctx, change(webhook, **values) if values else webhook)


def rotate(ctx: Any, webhook: Webhook) -> tuple[Webhook, str]:
    """Give a webhook another secret and return both; the secret before is valid for another day."""
    require_owner(ctx.session.actor, webhook)
    ctx.session.actor.require("web_webhook", "update")
    secret = new_secret()
    with ctx.elevated("the secret of a webhook that the actor may change"):
        return _stored(ctx, rotated(ctx.config, webhook, secret, ctx.clock.now())), secret


def enable(ctx: Any, webhook: Webhook) -> Webhook:
    """Let a webhook be told again, of what happens from now on."""
    require_owner(ctx.session.actor, webhook)
    if webhook.state == "active":
        return webhook
    return _stored(ctx, change(webhook, state="active", reason="", since=ctx.clock.now()))


def disable(ctx: Any, webhook: Webhook) -> Webhook:
    """Let a webhook be told nothing any more. Whoever may change it may do so, the owner or not."""
    if webhook.state == "disabled":
        return webhook
    return _stored(ctx, change(webhook, state="disabled", reason="asked"))


def _stored(ctx: Any, webhook: Webhook) -> Webhook:
    before = ctx.session.get(Webhook, webhook.id)
    if webhook is not before:
        ctx.session.update(webhook)
        ctx.session.flush()
    found: Webhook = ctx.session.get(Webhook, webhook.id)
    return found


def _checked(
    ctx: Any, seen: Any, document: Mapping[str, Any], *, creating: bool, before: Webhook | None = None
) -> dict[str, Any]:
    registry = seen.database.registry
    errors = [
        FieldError(f"/{name}", "unknown_field", value, did_you_mean(str(name), SETTABLE))
        for name, value in document.items()
        if name not in SETTABLE
    ]
    values = {name: value for name, value in document.items() if name in SETTABLE}
    if creating:
        needed = {"url": msg("the address to tell"), "events": msg("at least one type of event; * stands for all")}
        errors += [
            FieldError(f"/{name}", "required", None, hint) for name, hint in needed.items() if name not in values
        ]
    for name in ("url", "description", "filter"):
        if name in values and not isinstance(values[name], str):
            errors.append(FieldError(f"/{name}", "type", values.pop(name), msg("a text")))
    if values.get("payload", "full") not in PAYLOADS:
        errors.append(
            FieldError("/payload", "choice", values["payload"], msg("one of {choices}", choices="full, thin"))
        )
    if "url" in values:
        errors += _url_errors(ctx, values["url"])
    patterns = values.get("events", () if before is None else before.events)
    if "events" in values:
        wrong = pattern_errors(patterns, registry)
        errors += wrong
        patterns = () if wrong else patterns
        values["events"] = tuple(patterns)
    text = values.get("filter", "" if before is None else before.filter)
    if text and patterns and ("filter" in values or "events" in values):
        errors += _filter_errors(seen, text, named_entities(patterns, registry))
    if errors:
        raise ValidationFailed(errors)
    return values


def _url_errors(ctx: Any, url: str) -> list[FieldError]:
    import httpx

    from crmkit_web.outbound.guard import checked_url, public_address

    try:
        parsed = httpx.URL(checked_url(url))
        port = parsed.port or (443 if parsed.scheme == "https" else 80)
        public_address(parsed.host, port, inside=ctx.config.allowed_networks)
    except BadInput as error:
        return [FieldError("/url", "forbidden_address", url, error.message)]
    return []


def _filter_errors(seen: Any, text: str, entities: list[Any]) -> list[FieldError]:
    """Return why a filter cannot be used: it is about records of one kind, and of what the owner may read."""
    if len(entities) != 1:
        expected = msg("a filter together with the events of one entity alone, as in customer.*")
        return [FieldError("/filter", "bad_filter", text, expected)]
    info = entities[0]
    try:
        if seen.actor.scope(info.name, "read") is Scope.NONE:
            raise NotFound(
                msg("{actor} may not {right} {entity}", actor=seen.actor.name, right="read", entity=info.name)
            )
        seen.list(info.cls, text, limit=1)
    except (AccessDenied, BadInput, NotFound) as error:
        return [FieldError("/filter", "bad_filter", text, error.message)]
    return []
