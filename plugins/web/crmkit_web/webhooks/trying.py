"""Trying a webhook out: a message about nothing, sent at once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from crmkit.plugin import ConfigError, msg
from crmkit_web.webhooks.delivering import Letter, letter, logged, post
from crmkit_web.webhooks.entities import Delivery, Webhook
from crmkit_web.webhooks.rendering import told

TYPE = "webhook.test"


def send_test(ctx: Any, webhook: Webhook) -> Delivery:
    """Send a test message, write the attempt into the log and return it. No transaction is open meanwhile."""
    now = ctx.clock.now()
    message_id = f"msg_{uuid4().hex}"
    ready = letter(ctx.config, webhook, told(TYPE, now, {"webhook_id": webhook.id}), now)
    if not isinstance(ready, Letter):
        raise ConfigError(
            msg("the signing secret of a webhook was sealed with another key than [plugins.web] secret_key; rotate it")
        )
    ctx.session.let_go()
    sent = post(ctx.config, ready, message_id, now)
    made = logged(webhook.id, message_id, TYPE, sent, now, None, None)
    with ctx.elevated("the log of deliveries is the store's"):
        ctx.session.add(made)
        ctx.session.flush()
    return made
