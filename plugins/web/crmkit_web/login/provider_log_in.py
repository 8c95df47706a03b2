"""Logging in at an OpenID provider: authorization code with PKCE (RFC 7636), state and nonce, each good for one log-in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crmkit.plugin import msg
from crmkit_web.login.digests import digest_of, new_secret, same
from crmkit_web.login.entities import ProviderFlow
from crmkit_web.login.id_tokens import checked_claims, refused_token
from crmkit_web.login.logging_in import Outcome, note_log_in
from crmkit_web.login.provider_users import user_of
from crmkit_web.login.providers import SECONDS, fetched, http_errors, not_answering
from crmkit_web.login.sessions import begin_session, session_with
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import OAuth2Client

    from crmkit_web.serving.calls import Incoming
    from crmkit_web.serving.site import Site
    from crmkit_web.settings import OidcProvider

MINUTES = 10
"""How long somebody may take to log in at the provider."""


def begin_flow(site: Site, name: str, redirect: str, next_: str) -> tuple[str, str]:
    """Begin a log-in; returns the provider's address to go to, and a secret that the browser keeps until it is back."""
    crm, provider = site.crm, site.providers.named(name)
    found = site.providers.found(name)
    state, nonce, verifier, browser = new_secret(), new_secret(), new_secret(), new_secret()
    with _client(provider, redirect) as client:
        address, _ = client.create_authorization_url(
            found.addresses["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce
        )
    with crm.session() as session:
        session.add(
            ProviderFlow(
                provider=name,
                state=digest_of(state),
                browser=digest_of(browser),
                nonce=digest_of(nonce),
                verifier=verifier,
                next=next_,
                expires_at=crm.clock.now() + timedelta(minutes=MINUTES),
            )
        )
    return str(address), browser


def end_flow(
    site: Site, incoming: Incoming, name: str, redirect: str, given: Mapping[str, Any], browser: str, former: str
) -> tuple[str, str]:
    """End a log-in with what the provider sent the browser back with; returns the session's secret and where to go next.

    Raises Problem 400 for an answer that nobody here has asked for, 401 for one that is not believed, 403 for somebody who
    is unknown here.
    """
    crm, provider = site.crm, site.providers.named(name)
    flow = _taken(site, name, str(given.get("state") or ""), browser)
    issuer = given.get("iss")
    if given.get("error") or not given.get("code") or (issuer and issuer != provider.issuer):
        raise _failed(site, incoming, name, refused_token())
    try:
        claims = _claims(site, name, provider, flow, redirect, str(given["code"]))
    except Problem as problem:
        raise _failed(site, incoming, name, problem) from None
    refusal: Problem | None = None
    secret = ""
    try:
        with crm.session() as session:
            ctx = crm.context(session, "web")
            user = user_of(ctx, name, provider, claims)
            if user.state != "active":
                raise Problem(403, "unknown_user", msg("nobody here is known by this log-in; ask for an account"))
            note_log_in(ctx, user.id, f"oidc:{name}"[:100], "done", incoming.address)
            if (before := session_with(ctx, former)) is not None:
                session.delete(before)
            secret = begin_session(ctx, user, f"oidc:{name}"[:100], incoming)
    except Problem as problem:
        refusal = problem
    if refusal is not None:
        raise _failed(site, incoming, name, refusal)
    return secret, flow.next


def _taken(site: Site, name: str, state: str, browser: str) -> ProviderFlow:
    """Return the log-in that an answer belongs to; from then on there is none, so that no answer counts twice."""
    crm = site.crm
    with crm.session() as session:
        flow = session.find(ProviderFlow, state=digest_of(state)) if state else None
        if flow is not None:
            session.delete(flow)
    late = flow is not None and crm.clock.now() >= flow.expires_at
    if flow is None or late or flow.provider != name or not same(flow.browser, digest_of(browser)):
        raise Problem(
            400, "bad_state", msg("this answer belongs to no log-in that began in this browser; log in again")
        )
    return flow


def _claims(
    site: Site, name: str, provider: OidcProvider, flow: ProviderFlow, redirect: str, code: str
) -> Mapping[str, Any]:
    from authlib.common.errors import AuthlibBaseError

    found = site.providers.found(name)
    try:
        with _client(provider, redirect) as client:
            tokens = client.fetch_token(
                found.addresses["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=flow.verifier,
            )
    except AuthlibBaseError as error:
        raise refused_token() from error
    except http_errors() as error:
        raise not_answering(name) from error
    claims = checked_claims(site.providers, name, tokens.get("id_token"), flow.nonce, site.crm.clock.now())
    more = found.addresses.get("userinfo_endpoint")
    if "email" not in claims and more and tokens.get("access_token"):
        told = fetched(name, str(more), authorization=f"Bearer {tokens['access_token']}")
        # Somebody else's, when the subject is another (OpenID Connect Core 1.0, section 5.3.2).
        if told.get("sub") == claims["sub"]:
            return {**told, **claims}
    return claims


def _client(provider: OidcProvider, redirect: str) -> OAuth2Client:
    from authlib.integrations.httpx_client import OAuth2Client

    secret = provider.client_secret.reveal()
    return OAuth2Client(
        provider.client_id,
        secret or None,
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        scope=provider.scope,
        redirect_uri=redirect,
        code_challenge_method="S256",
        timeout=SECONDS,
    )


def _failed(site: Site, incoming: Incoming, name: str, problem: Problem) -> Problem:
    """Keep that a log-in has failed, and return the error."""
    with site.crm.session() as session:
        outcome: Outcome = "unknown" if problem.status == 403 else "wrong"
        note_log_in(site.crm.context(session, "web"), None, f"oidc:{name}"[:100], outcome, incoming.address)
    return problem
