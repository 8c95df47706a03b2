"""One search over everything: the core's own index, and what registered providers answer beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.errors import did_you_mean
from crmkit.core.frozen import frozen
from crmkit.hooks.errors import CollectError, collect_error
from crmkit.hooks.web.questions import SearchAsked, SearchFound, SearchProvider
from crmkit.runtime.extensions.acting import forbidden
from crmkit.services.search import Hit, search
from crmkit.store.references import existing_ids
from crmkit.store.savepoints import as_a_whole

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session

HOOK = "register_search_providers"
SPARE = 4
"""A provider may not know what the actor sees: it is asked for so many times as many answers, so that enough are left."""


@frozen
class ProvidedAnswers:
    """What one provider found, the best first, as far as the actor may see it; ``error`` stands where it failed."""

    provider: SearchProvider
    answers: tuple[SearchFound, ...] = ()
    error: CollectError | None = None


@frozen
class FoundEverywhere:
    """Records of the core's index, the best first, and the answers of each provider. ``behind`` as in SearchResult."""

    hits: tuple[Hit, ...]
    provided: tuple[ProvidedAnswers, ...]
    behind: bool = False


def search_everywhere(
    crm: Crm, session: Session, text: str, entities: Collection[str] = (), limit: int = 20
) -> FoundEverywhere:
    """Return what the index and every registered provider find, at most ``limit`` of each.

    Answers that are records which the actor may not see are left out before they are counted. With ``entities``, of
    providers' answers those of other entities, or of none, are left out. A provider that fails leaves all the others
    whole; its error stands in its place. Raises BadInput as :func:`crmkit.services.search.search` does.
    """
    found = search(session, text, entities, limit)
    provided = tuple(
        _answers(crm, session, one, text, entities, limit)
        for _, one in sorted(crm.extensions.search_providers.items())
        if forbidden(session.actor, one) is None
    )
    return FoundEverywhere(found.hits, provided, found.behind)


def _answers(
    crm: Crm, session: Session, provider: SearchProvider, text: str, entities: Collection[str], limit: int
) -> ProvidedAnswers:
    plugin = crm.extensions.plugins[provider.id]
    try:
        # A statement of its own that fails takes no other's answers along.
        with as_a_whole(session):
            given = provider.handler(crm.context(session, plugin), SearchAsked(text, limit * SPARE))
            known = list(_checked(crm, given))
            seen = _visible(session, known)
    except Exception as error:
        return ProvidedAnswers(provider, error=collect_error(plugin, f"{HOOK}: {provider.id}", error))
    kept = [
        one
        for one in known
        if (one.record_id is None or one.record_id in seen.get(one.entity, ()))
        and (not entities or one.entity in entities)
    ]
    return ProvidedAnswers(provider, tuple(sorted(kept, key=lambda one: -one.score)[:limit]))


def _checked(crm: Crm, given: Iterable[Any]) -> Iterator[SearchFound]:
    for value in given:
        if not isinstance(value, SearchFound):
            raise TypeError(f"a search provider returns SearchFound, not {type(value).__name__}")
        if value.record_id is not None and not isinstance(value.record_id, UUID):
            raise TypeError(f"the id of a record is a UUID, not {type(value.record_id).__name__}")
        if value.entity and value.entity not in crm.registry:
            hint = did_you_mean(value.entity, [info.name for info in crm.registry]).render()
            raise ValueError(f"no entity {value.entity}; {hint}")
        if value.record_id is not None and not value.entity:
            raise ValueError("an answer with record_id names its entity")
        yield value


def _visible(session: Session, some: Iterable[SearchFound]) -> dict[str, set[UUID]]:
    """Return the ids of the records among answers that the actor may see, by entity: one query for each."""
    wanted: dict[str, set[UUID]] = {}
    for one in some:
        if one.record_id is not None:
            wanted.setdefault(one.entity, set()).add(one.record_id)
    return {
        entity: existing_ids(session.connection, session.database, session.narrowing, entity, ids)
        for entity, ids in wanted.items()
    }
