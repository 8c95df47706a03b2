"""The segment that an address names."""

from __future__ import annotations

from typing import Any

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import NotFound
from crmkit.core.messages import msg
from crmkit_web.serving.calls import Call


def of_segments(info: EntityInfo) -> bool:
    """Whether an entity is that of segments."""
    return info.name == "segment"


def segment_of(call: Call) -> Any:
    """Return the segment that the address names; of entities that the API does not serve, none is shown."""
    found = call.session.get(call.entity.cls, call.path["id"])
    if found.entity not in {info.name for info in call.site.entities.values()}:
        raise NotFound(msg("no {entity} with id {id}", entity="segment", id=call.path["id"]))
    return found
