"""What lets people and programs in. Secrets are kept as digests, but for those that have to be used again."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from crmkit.plugin import Record, entity, field


@entity(
    "web_token",
    label="Token",
    plural="web_tokens",
    plural_label="Tokens",
    credentials=True,
    plugin="web",
    unique=(("digest",),),
    indexes=(("user_id",),),
)
class ApiToken(Record):
    """A token that a program logs in with, as the user it belongs to."""

    user_id: UUID = field(reference="user", merge="block", erase="delete")
    name: str = field(required=True, max_length=100)
    prefix: str = field(max_length=20, help="The beginning of the token, by which people tell it from others.")
    digest: str = field(max_length=64, audited=False, sensitivity="special")
    scopes: tuple[str, ...] = field(default=(), help="What it is for; without any, all that its user may do.")
    expires_at: datetime | None = field(default=None)
    last_used_on: date | None = field(default=None, audited=False)


@entity(
    "web_password",
    label="Password",
    plural="web_passwords",
    plural_label="Passwords",
    credentials=True,
    plugin="web",
    title="user_id",
    unique=(("user_id",),),
)
class Password(Record):
    """A user's password, as an Argon2 hash, and the second factor where there is one.

    The secret of the second factor has to be used again, so it cannot be a digest.
    """

    user_id: UUID = field(reference="user", merge="block", erase="delete")
    hash: str = field(max_length=500, audited=False, sensitivity="special")
    changed_at: datetime | None = field(default=None)
    totp_secret: str = field(default="", max_length=200, audited=False, sensitivity="special")
    totp_confirmed_at: datetime | None = field(default=None, help="Since when logging in takes a code as well.")
    totp_step: int = field(default=0, audited=False, help="The last time step whose code was used.")


@entity(
    "web_recovery_code",
    label="Recovery code",
    plural="web_recovery_codes",
    plural_label="Recovery codes",
    credentials=True,
    plugin="web",
    title="user_id",
    indexes=(("user_id",),),
)
class RecoveryCode(Record):
    """A code that stands in for the second factor once."""

    user_id: UUID = field(reference="user", merge="block", erase="delete")
    digest: str = field(max_length=64, audited=False, sensitivity="special")


@entity(
    "web_session",
    label="Web session",
    plural="web_sessions",
    plural_label="Web sessions",
    credentials=True,
    plugin="web",
    title="method",
    unique=(("digest",),),
    indexes=(("user_id",),),
)
class LoginSession(Record):
    """A user who has logged in with a browser. Beginning and end are in the audit log, and nothing of what it is kept by."""

    user_id: UUID = field(reference="user", merge="block", erase="delete", audited=False)
    digest: str = field(max_length=64, audited=False, sensitivity="special")
    method: str = field(default="password", max_length=100, audited=False)
    address: str = field(default="", max_length=100, sensitivity="personal", audited=False)
    agent: str = field(default="", max_length=200, sensitivity="personal", audited=False, label="Browser")
    expires_at: datetime = field(audited=False)
    seen_at: datetime = field(audited=False)


@entity(
    "web_login",
    label="Log-in",
    plural="web_logins",
    plural_label="Log-ins",
    credentials=True,
    plugin="web",
    title="outcome",
    indexes=(("user_id",),),
)
class LogIn(Record):
    """A log: somebody logged in, or tried to. Of who is unknown here, the name that was given is not kept: it may be a password."""

    user_id: UUID | None = field(default=None, reference="user", merge="block", erase="delete", audited=False)
    method: str = field(default="password", max_length=100, audited=False)
    outcome: Literal["done", "wrong", "no_code", "wrong_code", "not_active", "unknown"] = field(audited=False)
    address: str = field(default="", max_length=100, sensitivity="personal", audited=False)


@entity(
    "web_throttle",
    label="Log-in delay",
    plural="web_throttles",
    plural_label="Log-in delays",
    credentials=True,
    plugin="web",
    title="key",
    unique=(("key",),),
)
class Throttle(Record):
    """How often logging in has failed for one login, one address, or one login from one address."""

    key: str = field(max_length=64, audited=False, help="A digest of the login and the address.")
    failures: int = field(default=0, audited=False)
    tried_at: datetime | None = field(default=None, audited=False)
    closed_until: datetime | None = field(default=None, audited=False)
    succeeded_at: datetime | None = field(default=None, audited=False)


@entity(
    "web_oidc_subject",
    label="Identity at a provider",
    plural="web_oidc_subjects",
    plural_label="Identities at providers",
    credentials=True,
    plugin="web",
    title="provider",
    unique=(("provider", "issuer", "subject"),),
    indexes=(("user_id",),),
)
class ProviderIdentity(Record):
    """Who a user is to an OpenID provider."""

    user_id: UUID = field(reference="user", merge="block", erase="delete")
    provider: str = field(max_length=100)
    issuer: str = field(max_length=500)
    subject: str = field(max_length=255, sensitivity="personal")


@entity(
    "web_oidc_flow",
    label="Log-in under way",
    plural="web_oidc_flows",
    plural_label="Log-ins under way",
    credentials=True,
    plugin="web",
    title="provider",
    unique=(("state",),),
)
class ProviderFlow(Record):
    """A log-in that an OpenID provider has been asked for. It is good for one answer, in the browser that it began in."""

    provider: str = field(max_length=100, audited=False)
    state: str = field(max_length=64, audited=False, sensitivity="special", help="A digest.")
    browser: str = field(max_length=64, audited=False, sensitivity="special", help="A digest of the browser's cookie.")
    nonce: str = field(max_length=64, audited=False, sensitivity="special", help="A digest.")
    verifier: str = field(
        max_length=200, audited=False, sensitivity="special", help="The proof key (PKCE); of no use without the code."
    )
    next: str = field(default="", max_length=500, audited=False)
    expires_at: datetime = field(audited=False)


ENTITIES: tuple[type, ...] = (
    ApiToken,
    Password,
    RecoveryCode,
    LoginSession,
    LogIn,
    Throttle,
    ProviderIdentity,
    ProviderFlow,
)
