"""Records as they were at an instant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crmkit.core.errors import CrmError
from crmkit.core.messages import msg
from crmkit_web.documents.records import form_of
from crmkit_web.history.entries import kept_in_history
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoint of this module."""
    yield Endpoint(
        "get_record_as_of",
        "GET",
        "/{entity}/{id}/as-of",
        as_of,
        msg("Return a record as it was at an instant, changes of that very instant included."),
        tag="history",
        query=(Parameter("at", msg("The instant."), kind="instant", required=True),),
        returns="record",
        refuses=(410,),
        reads=True,
        entities=kept_in_history,
    )


def as_of(call: Call) -> dict[str, Any]:
    """Answer a record as it was; 404 where there was none at that instant, 410 where its past was erased."""
    info, instant = call.entity, call.query["at"]
    try:
        found = call.ctx.services.as_of(info.cls, call.path["id"], instant, complete=True)
    except CrmError as error:
        if error.code != "history_erased":
            raise
        raise Problem(410, error.code, error.message) from None
    if found is None:
        raise Problem(
            404,
            "not_there_yet",
            msg(
                "there was no {entity} {id} at {instant}",
                entity=info.name,
                id=call.path["id"],
                instant=instant.isoformat(),
            ),
        )
    return form_of(call.session, info)(found)
