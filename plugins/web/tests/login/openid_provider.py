"""An OpenID provider for tests: discovery, authorization with PKCE, tokens and keys, on a port of this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey

from crmkit.core.values.clock import Clock

CLIENT, SECRET = "crmkit", "kept by both of us"


@cache
def key(kid: str, owner: str = "provider") -> RSAKey:
    """Return a key by its id; making one takes a while."""
    return RSAKey.generate_key(2048, parameters={"kid": kid})


class OpenIdProvider:
    """Logs everybody in as ``person``. ``twist`` changes the claims of a token before it is signed."""

    def __init__(self, clock: Clock, address: str) -> None:
        self.clock, self.issuer = clock, address
        self.key = key("first")
        self.person: dict[str, Any] = {"sub": "subject-1", "email": "ada@example.com", "email_verified": True}
        self.twist: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.signed: Callable[[dict[str, Any]], str] = self.sign
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.down = False

    def sign(self, claims: dict[str, Any], by: RSAKey | None = None) -> str:
        """Return a token signed as it should be."""
        used = by or self.key
        return jwt.encode({"alg": "RS256", "kid": used.kid}, claims, used)

    def unsigned(self, claims: dict[str, Any]) -> str:
        """Return a token with the algorithm ``none``."""
        return ".".join(_encoded(part) for part in ({"alg": "none"}, claims)) + "."

    def signed_with_what_everybody_knows(self, claims: dict[str, Any]) -> str:
        """Return a token signed by HMAC, with the public key as the shared secret."""
        known = self.key.as_pem(private=False)
        signing = ".".join(_encoded(part) for part in ({"alg": "HS256", "kid": self.key.kid}, claims))
        return f"{signing}.{_text(hmac.new(known, signing.encode(), hashlib.sha256).digest())}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = (await receive()).get("body", b"").decode()
        path, query = scope["path"], dict(parse_qsl(scope["query_string"].decode()))
        self.asked.append(path)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, document, more = self.answer(path, query, headers, body)
        sent = [(b"content-type", b"application/json"), *((n.encode(), v.encode()) for n, v in more.items())]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": json.dumps(document).encode()})

    def answer(
        self, path: str, query: dict[str, str], headers: dict[str, str], body: str
    ) -> tuple[int, Any, dict[str, str]]:
        """Return status, document and headers."""
        if self.down:
            return 503, {}, {}
        if path == "/.well-known/openid-configuration":
            names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
            return 200, {"issuer": self.issuer, **{key: f"{self.issuer}/{name}" for key, name in names.items()}}, {}
        if path == "/jwks":
            return 200, {"keys": [self.key.as_dict(private=False)]}, {}
        if path == "/authorize":
            code = secrets.token_urlsafe()
            self.codes[code] = query
            back = {"code": code, "state": query["state"], "iss": self.issuer}
            return 302, {}, {"location": f"{query['redirect_uri']}?{urlencode(back)}"}
        if path == "/token":
            return self.tokens({name: values[0] for name, values in parse_qs(body).items()}, headers)
        return 404, {}, {}

    def tokens(self, form: dict[str, str], headers: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        """Answer a code with tokens, once, to whoever has begun the log-in."""
        asked = self.codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        right = (
            asked is not None
            and headers.get("authorization") == f"Basic {basic}"
            and asked["code_challenge"] == base64.urlsafe_b64encode(challenge).decode().rstrip("=")
            and asked["code_challenge_method"] == "S256"
            and asked["redirect_uri"] == form.get("redirect_uri")
        )
        if not right or asked is None:
            return 400, {"error": "invalid_grant"}, {}
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
        }
        token = self.signed(self.twist(claims))
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": token}, {}


@contextmanager
def serving(clock: Clock) -> Iterator[OpenIdProvider]:
    """Serve a provider on a free port while the block runs."""
    listening = socket.create_server(("127.0.0.1", 0))
    provider = OpenIdProvider(clock, f"http://127.0.0.1:{listening.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(provider, log_level="warning", lifespan="off"))
    # The socket listens already: whoever connects before the server has begun waits for it.
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def _encoded(part: dict[str, Any]) -> str:
    return _text(json.dumps(part).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
