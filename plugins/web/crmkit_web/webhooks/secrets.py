"""Signing secrets: made once, shown once, sealed with the installation's key, and signing by Standard Webhooks.

https://www.standardwebhooks.com: the headers ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``, the last with
one ``v1`` signature for each secret that is valid, separated by spaces.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmkit.plugin import ConfigError, change
from crmkit_web.login.sealing import sealed, unsealed

if TYPE_CHECKING:
    from crmkit_web.settings import WebSettings
    from crmkit_web.webhooks.entities import Webhook

OVERLAP = timedelta(hours=24)
"""How long a secret goes on signing after it was replaced."""

_BYTES = 32
_USE = "webhook secrets"


def new_secret() -> str:
    """Return a secret as Standard Webhooks writes it: ``whsec_`` and 256 random bits in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def stored(settings: WebSettings, secret: str) -> str:
    """Return a secret as it is stored: encrypted, where the installation has a key.

    Without a key it stands in the database as it is. A digest would not do, since each message is signed with it; and who
    can read the database has what the messages say anyway.
    """
    return sealed(settings, secret, _USE)


def rotated(settings: WebSettings, webhook: Webhook, secret: str, now: datetime) -> Webhook:
    """Return a webhook with another secret; the one before is valid for as long as ``OVERLAP``."""
    return change(
        webhook,
        secret=stored(settings, secret),
        former_secret=webhook.secret,
        former_until=now + OVERLAP,
    )


def valid_secrets(settings: WebSettings, webhook: Webhook, now: datetime) -> list[str]:
    """Return the secrets that sign, the newest first. Raises ConfigError when that one was sealed with another key."""
    valid = [unsealed(settings, webhook.secret, _USE)]
    if webhook.former_secret and webhook.former_until is not None and now < webhook.former_until:
        # After a change of the installation's key, the former one cannot be read: the new one signs alone.
        with suppress(ConfigError):
            valid.append(unsealed(settings, webhook.former_secret, _USE))
    return valid


def signed_headers(valid: list[str], message_id: str, now: datetime, body: str) -> Mapping[str, str]:
    """Return the headers of a message that is sent now."""
    from standardwebhooks.webhooks import Webhook as Signer

    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Signer(one).sign(message_id, now, body) for one in valid),
    }
