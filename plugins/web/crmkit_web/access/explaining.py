"""``/{entity}/{id}/access``: why somebody may do something with a record, or may not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.access import ACTIONS
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.staff import User
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint, Parameter

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@frozen
class AccessWay:
    """A way that leads to the record: its ``kind``, the ``role`` that gives the right within ``scope``, in words ``text``.

    ``through`` explains the record that this one belongs to, where the way leads over it.
    """

    kind: str
    text: str
    role: str
    scope: str
    through: dict[str, Any] | None


@frozen
class AccessExplained:
    """Whether ``user`` may do ``action``, every way that leads there, what is ``against`` it, and the fields not shown."""

    user: str
    on_behalf_of: str
    entity: str
    record_id: UUID
    action: str
    allowed: bool
    reasons: tuple[AccessWay, ...]
    against: tuple[str, ...]
    hidden: tuple[str, ...]


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoint of this module."""
    yield Endpoint(
        "explain_access",
        "GET",
        "/{entity}/{id}/access",
        explain,
        msg("Tell why one may do something with a record or may not; about others with read on all users and roles."),
        tag="access",
        query=(
            Parameter("action", msg("What somebody wants to do."), choices=tuple(ACTIONS), default="read"),
            Parameter("user", msg("The id of the user whom it is about; oneself without it."), kind="id"),
        ),
        returns=AccessExplained,
        reads=True,
    )


def explain(call: Call) -> AccessExplained:
    """Answer why; a record that one does not see is not there."""
    record = call.session.get(call.entity.cls, call.path["id"])
    whose = None
    if call.query["user"] is not None:
        user: User = call.session.get(User, call.query["user"])
        whose = call.crm.actor(user.login)
    return _shown(call, call.ctx.services.why(record, call.query["action"], whose))


def _shown(call: Call, found: Any) -> AccessExplained:
    ways = tuple(
        AccessWay(
            one.kind,
            one.text.render(call.translate),
            one.role,
            one.scope,
            None if one.through is None else _plain(_shown(call, one.through)),
        )
        for one in found.reasons
    )
    against = tuple(one.render(call.translate) for one in found.against)
    return AccessExplained(
        found.user,
        found.on_behalf_of,
        found.entity,
        found.record_id,
        found.action,
        found.allowed,
        ways,
        against,
        tuple(found.hidden),
    )


def _plain(found: AccessExplained) -> dict[str, Any]:
    import attrs

    return attrs.asdict(found)
