"""Who asks, as OpenAPI has it: a token, or the session of a browser with its protection against forged requests."""

from __future__ import annotations

from crmkit.core.messages import msg
from crmkit_web.login.cookies import SESSION, cookie_name
from crmkit_web.openapi.definitions import Definitions, Schema
from crmkit_web.serving.site import Site

SECURITY: list[Schema] = [{"token": []}, {"session": [], "forgery": []}]
NOBODY: list[Schema] = []


def security_schemes(site: Site, definitions: Definitions) -> Schema:
    """Return the ways to say who asks."""
    return {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": definitions.text(msg("A token of a user, as crmkit token create makes them.")),
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie_name(site, SESSION),
            "description": definitions.text(msg("The session of somebody who has logged in with a browser.")),
        },
        "forgery": {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRF-Token",
            "description": definitions.text(msg("The session's own token, for requests that change something.")),
        },
    }
