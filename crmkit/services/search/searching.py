"""Searching in stages, each over candidates that rank below those of the one before, until there are enough hits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from uuid import UUID

import attrs

from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg, shown
from crmkit.core.search.excerpt import Excerpt, excerpt
from crmkit.core.search.matching import Match, match
from crmkit.core.search.query import AnyOf, Query, Unit, first_spellings, near_tokens_of, read_query, tokens_of
from crmkit.core.search.texts import RANKS
from crmkit.store.faults import faults_translated
from crmkit.store.search.candidates import Candidate
from crmkit.store.search.headword_list import HeadwordList, filled_headwords
from crmkit.store.search.keeping import catch_up, start_over, waiting
from crmkit.store.search.near_words import near_words
from crmkit.store.search.plan import EntityPlan, plan_of
from crmkit.store.search.reading import Found, read_found
from crmkit.store.search.scope import Scope, scope_of
from crmkit.store.search.token_list import TokenList
from crmkit.store.session import Session

LIMIT = 20
"""Hits by default."""

MOST_HITS = 200

FRESH_EVENTS = 2_000
"""Events that a search indexes on its way; more are left to ``index``."""

LOOKED_THROUGH = 200
"""Events whose records a search looks through one by one where it cannot index them."""

LOOKED_AT = 3
"""Candidates of mixed ranks that are looked at for each hit that is wanted; who wants few gets the first of ``LIMIT``."""

FEW_HITS = 3
"""With fewer hits, words that are spelled almost so are looked for as well."""


@frozen
class Hit:
    """A record that was found. ``match`` is how well it fits, a word of :class:`crmkit.core.search.Rank` in lower case.

    ``field`` names what shows it, such as ``contact_point.value``, and ``excerpt`` its text around what was found.
    """

    entity: str
    id: UUID
    title: str
    match: str
    field: str
    excerpt: Excerpt


@frozen
class SearchResult:
    """Hits, the best first. ``behind``: the index does not know the latest changes yet, so some may be missing."""

    hits: tuple[Hit, ...]
    behind: bool = False


def search(session: Session, text: str, entities: Iterable[str] = (), limit: int = LIMIT) -> SearchResult:
    """Return the records that fit what somebody typed, the best first, among those that the session's actor may see.

    All words must be found. Names are found by the beginning of their words, whatever the accents, Chinese ones by any of
    their characters and by pinyin; mails, phones and names also from the inside; prose by the beginning of its words.
    When hits are few, words that are spelled almost so count, too. ``entities`` limits what kinds of record are looked
    for. What was committed before is found at once, but for what ``SearchResult.behind`` tells of.

    Raises BadInput for an entity that cannot be searched and for a ``limit`` beyond 1 to 200.
    """
    plans = _chosen(session, entities)
    if not 1 <= limit <= MOST_HITS:
        raise BadInput(msg("limit {value}: expected a number from 1 to {most}", value=limit, most=MOST_HITS))
    queries = read_query(text)
    session.flush()
    fresh, behind = _fresh(session)
    for query in queries:
        with faults_translated():
            found = _Search(session, plans, query, limit).run(fresh)
        if found:
            return SearchResult(tuple(found), behind)
    return SearchResult((), behind)


def index(session: Session, most: int = 5_000, rebuild: bool = False) -> tuple[int, bool]:
    """Index what ``most`` further events tell, in the session's transaction.

    Returns how far it came in the log and whether nothing waits; commit and call it again until then. An interrupted run
    goes on where the last commit left it. ``rebuild`` empties the index first.
    """
    if rebuild:
        start_over(session)
    return catch_up(session, most)


def _chosen(session: Session, entities: Iterable[str]) -> dict[str, EntityPlan]:
    known = plan_of(session.database.registry).entities
    names = [entities] if isinstance(entities, str) else list(entities)
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise BadInput(msg("entity {value}: it cannot be searched; {hint}", value=shown(name), hint=hint))
    return {name: known[name] for name in names or known}


def _fresh(session: Session) -> tuple[dict[str, list[UUID]], bool]:
    """Bring the index up to date, or return the records that it does not know; and whether those are too many."""
    most = LOOKED_THROUGH if session.read_only else FRESH_EVENTS
    unknown = waiting(session, most)
    if session.read_only or not unknown.events or unknown.many:
        return unknown.records, unknown.many
    catch_up(session, FRESH_EVENTS)
    # Somebody else may be at it, or still write events in between.
    unknown = waiting(session, LOOKED_THROUGH)
    return unknown.records, unknown.many


def _hit(query: Query, found: Match, entity: str, record: Found) -> Hit:
    shown = excerpt(found.text.value, query.units)
    return Hit(entity, record.id, record.title, RANKS[found.rank], found.text.field, shown)


_Sorted = tuple[tuple[int, int], Hit]
"""Rank and place in the order of the newest, and the hit."""


class _Search:
    """One query, stage by stage."""

    def __init__(self, session: Session, plans: dict[str, EntityPlan], query: Query, limit: int) -> None:
        self.session, self.plans, self.query, self.limit = session, plans, query, limit
        self.seen: set[tuple[str, UUID, Query]] = set()
        self.hits: dict[tuple[str, UUID], _Sorted] = {}
        self.scope: Scope | None = None

    def run(self, fresh: dict[str, list[UUID]]) -> list[Hit]:
        """Return the hits, the best first."""
        newest = enumerate((entity, id) for entity, ids in fresh.items() for id in ids)
        unindexed = [Candidate(n, (1 << 41) + n, entity, id) for n, (entity, id) in newest if entity in self.plans]
        self._take(self.query, iter(unindexed), len(unindexed) + 1)
        for query, stage, size in self._stages():
            if len(self.hits) >= self.limit:
                break
            self._take(query, stage, size)
        return [hit for _, hit in sorted(self.hits.values(), key=lambda pair: pair[0])[: self.limit]]

    def _stages(self) -> Iterator[tuple[Query, Iterator[Candidate], int]]:
        """Yield candidates stage by stage, and how many are looked at together."""
        query = self.query
        short = [unit for unit in query.units if unit.short]
        long = [unit for unit in query.units if not unit.short]
        yield query, self._by_headwords(query.headwords()), self.limit
        if len(query.units) > 1 and not long:
            first, *rest = query.units
            yield query, self._by_headwords(first_spellings(first), rest), self.limit
        several = len(query.units) > 1 and bool(long)
        groups = [tokens_of(unit, fragments=False) for unit in (long if several else query.units)]
        yield query, self._by_tokens(groups, short if several else []), max(self.limit, LIMIT) * LOOKED_AT
        inside = [tokens_of(unit, fragments=True) for unit in (long if several else query.units)]
        if inside != groups:
            yield query, self._by_tokens(inside, short if several else []), self.limit
        if len(self.hits) < min(FEW_HITS, self.limit):
            yield from self._similar(query)

    def _similar(self, query: Query) -> Iterator[tuple[Query, Iterator[Candidate], int]]:
        units = [
            attrs.evolve(unit, near=near_words(self.session, unit.text)) if unit.kind == "word" else unit
            for unit in query.units
        ]
        slipped = attrs.evolve(query, units=tuple(units))
        groups = [tokens_of(unit, fragments=True) for unit in units]
        # What has no slip at all was looked at before, so each list asks for one in another word.
        lists = [
            self._by_tokens([*groups[:place], near_tokens_of(unit), *groups[place + 1 :]], [])
            for place, unit in enumerate(units)
            if unit.near
        ]
        if lists:
            yield slipped, merge(*lists), self.limit

    def _by_headwords(self, terms: Sequence[str], short: Sequence[Unit] = ()) -> Iterator[Candidate]:
        filled = filled_headwords(self.session, list(self.plans), terms)
        if filled:
            yield from HeadwordList(self.session, filled, short).read()

    def _by_tokens(self, groups: Sequence[AnyOf], short: Sequence[Unit]) -> Iterator[Candidate]:
        if self.scope is None:
            self.scope = scope_of(self.session, list(self.plans))
        if self.scope.entities:
            yield from TokenList(self.session, self.scope, groups, short).read()

    def _take(self, query: Query, stage: Iterator[Candidate], size: int) -> None:
        """Look at candidates, so many at a time, until there are enough hits or no candidates."""
        while some := list(islice(stage, size)):
            self._look_at(query, some)
            if len(self.hits) >= self.limit:
                return

    def _look_at(self, query: Query, some: Sequence[Candidate]) -> None:
        new: dict[str, dict[UUID, Candidate]] = {}
        for candidate in some:
            entity, id = candidate.entity, candidate.id
            if (entity, id) not in self.hits and (entity, id, query) not in self.seen:
                self.seen.add((entity, id, query))
                new.setdefault(entity, {})[id] = candidate
        for entity, by_id in new.items():
            for id, record in read_found(self.session, self.plans[entity], by_id).items():
                found = match(query, record.texts)
                if found is not None:
                    place = (int(found.rank), -by_id[id].document)
                    self.hits[entity, id] = (place, _hit(query, found, entity, record))
