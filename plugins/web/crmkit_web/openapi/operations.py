"""Operations: every endpoint, once for each entity that it answers for, with an id of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from crmkit.core.entity import EntityInfo
from crmkit.core.frozen import frozen
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.site import Site

ROOT = "/api/v1"
ENTITY = "{entity}"


@frozen(eq=False)
class Operation:
    """An endpoint at one address. ``path`` is the whole of it; ``entity`` is what its ``{entity}`` stands for."""

    id: str
    path: str
    endpoint: Endpoint
    site: Site
    entity: EntityInfo | None = None

    @property
    def tag(self) -> str:
        """The group that it is listed in: the entity's plural name, or the endpoint's own."""
        return self.endpoint.tag if self.entity is None else self.entity.plural


def operations(site: Site, entities: Collection[str] | None = None) -> Iterator[Operation]:
    """Yield the operations of a site in the order of the reference: those of each entity, then all others.

    ``entities`` are the plural names of those that are wanted; None: all. Ids stay the same whichever are.
    """
    taken: set[str] = set()
    for info in site.entities.values():
        for endpoint in site.endpoints:
            if ENTITY not in endpoint.path or (endpoint.entities is not None and not endpoint.entities(info)):
                continue
            id = _free(_id_for(endpoint.id, info), taken)
            if entities is None or info.plural in entities:
                yield Operation(id, ROOT + endpoint.path.replace(ENTITY, info.plural), endpoint, site, info)
    for endpoint in site.endpoints:
        if ENTITY not in endpoint.path:
            path = ROOT + endpoint.path
            yield Operation(_free(endpoint.id.replace(".", "_"), taken), path, endpoint, site)


def _id_for(id: str, info: EntityInfo) -> str:
    """Return the id of an operation on one entity: ``get_record`` on customers is ``get_customer``."""
    words = id.replace(".", "_").split("_")
    for word, name in (("records", info.plural), ("record", info.name)):
        if word in words:
            return "_".join(name if one == word else one for one in words)
    return f"{'_'.join(words)}_of_{info.plural}"


def _free(id: str, taken: set[str]) -> str:
    free, number = id, 1
    while free in taken:
        number += 1
        free = f"{id}_{number}"
    taken.add(free)
    return free
