"""How the server is: in one word for whoever probes it, in full for those who may know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal
from weakref import WeakKeyDictionary

from crmkit.core.errors import AccessDenied
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.hosting import Crm
from crmkit.hosting import health as look
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint

PERMISSION = "web.see_health"
KEPT = timedelta(seconds=1)
"""How long what was found is answered to the public: anybody may ask, and looking takes queries."""
_found: WeakKeyDictionary[Crm, tuple[datetime, bool]] = WeakKeyDictionary()

Level = Literal["ok", "warning", "error"]


@frozen
class HealthWord:
    """Whether the server is of use: ``ok`` or ``error``."""

    status: Level


@frozen
class HealthFinding:
    """One thing that was looked at. ``area`` and ``code`` are stable; ``advice`` says what to do, if anything."""

    area: str
    code: str
    level: Level
    message: str
    advice: str | None


@frozen
class HealthDocument:
    """How the whole is, as its worst part, and everything that was looked at."""

    status: Level
    findings: tuple[HealthFinding, ...]


def endpoints() -> Iterator[Endpoint]:
    """Yield the endpoints of this module."""
    yield Endpoint(
        "get_health",
        "GET",
        "/health",
        health,
        msg("Tell whether the server is of use: it is up, its database answers and has the right schema."),
        tag="health",
        returns=HealthWord,
        others={503: HealthWord},
        public=True,
        reads=True,
    )
    yield Endpoint(
        "get_health_details",
        "GET",
        "/health/details",
        details,
        msg("Return everything that was looked at, with what to do. It takes the permission to see it."),
        tag="health",
        returns=HealthDocument,
        reads=True,
    )


def health(call: Call) -> Reply:
    """Answer one word, quickly: nothing of why goes to the public. Whoever asks often, gets what was found just now."""
    crm, now = call.crm, call.ctx.clock.now()
    at, healthy = _found.get(crm, (None, False))
    if at is None or not timedelta() <= now - at < KEPT:
        healthy = look(crm, quick=True).healthy
        _found[crm] = (now, healthy)
    return Reply(HealthWord("ok" if healthy else "error"), 200 if healthy else 503)


def details(call: Call) -> HealthDocument:
    """Answer what was looked at."""
    if not call.actor.has_permission(PERMISSION):
        raise AccessDenied(
            msg(
                "{actor} may not {right}: it takes the permission {permission}",
                actor=call.actor.name,
                right=msg("see how the server is"),
                permission=PERMISSION,
            )
        )
    found = look(call.crm)
    return HealthDocument(
        found.level.word,  # type: ignore[arg-type]
        tuple(
            HealthFinding(
                one.area,
                one.code,
                one.level.word,  # type: ignore[arg-type]
                one.message.render(call.translate),
                None if one.advice is None else one.advice.render(call.translate),
            )
            for one in found.findings
        ),
    )
