"""Methods that an address answers, for ``Allow`` (RFC 9110, 10.2.1): of an entity's, those that fit the entity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crmkit.core.entity import EntityInfo

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

ENTITY = "{entity}"


def allowed(site: Site, path: str) -> tuple[str, ...]:
    """Return the methods that an address below ``/api/v1`` answers; none where there is no such address."""
    parts = path.strip("/").split("/")
    fitting = {endpoint.path for endpoint in site.endpoints if _fits(endpoint.path.strip("/").split("/"), parts)}
    if not fitting:
        return ()
    # Of two patterns that fit, the router takes the one with the earlier literal part.
    literal = max(fitting, key=lambda one: [not part.startswith("{") for part in one.strip("/").split("/")])
    entity = None
    if literal.startswith(f"/{ENTITY}"):
        entity = site.entities.get(parts[0])
        if entity is None:
            return ()
    return methods_of(site, literal, entity)


def methods_of(site: Site, path: str, entity: EntityInfo | None) -> tuple[str, ...]:
    """Return the methods that a path of endpoints answers for an entity, with HEAD and OPTIONS."""
    found = {
        endpoint.method
        for endpoint in site.endpoints
        if _same(endpoint.path, path) and (entity is None or endpoint.entities is None or endpoint.entities(entity))
    }
    if not found:
        return ()
    return tuple(sorted({*found, "OPTIONS", *(("HEAD",) if "GET" in found else ())}))


def _fits(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    return len(pattern) == len(parts) and all(
        (one.startswith("{") and part) or one == part for one, part in zip(pattern, parts, strict=True)
    )


def _same(one: str, other: str) -> bool:
    """Whether two paths are one address, whatever their parts are called."""
    return _unnamed(one) == _unnamed(other)


def _unnamed(path: str) -> list[str]:
    return ["{}" if part.startswith("{") and part != ENTITY else part for part in path.strip("/").split("/")]
