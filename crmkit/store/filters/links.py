"""What a condition on children can ask of the links to them already; see ``ViaLink.copies``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from crmkit.core.filter.asking import Both, Ordered, Test, negative, test_of
from crmkit.core.filter.moments import FilterContext
from crmkit.core.filter.targets import Children, resolve_children, resolve_path
from crmkit.core.filter.tree import And, Compare, Has, Predicate, all_of
from crmkit.core.registry import EntityRegistry

RECENT = timedelta(days=366)
"""How far back children are few among all that a record has had."""


def of_links(has: Has, children: Children) -> Predicate | None:
    """Return what ``has`` asks of fields that the links hold as well, None when it is nothing that all must meet."""
    found = list(_held(has, children))
    return all_of(*found) if found else None


def of_late(has: Has, entity: str, registry: EntityRegistry, context: FilterContext) -> bool:
    """Whether the links tell that children of ``RECENT`` alone count: looking them up for a record then takes little."""
    children = resolve_children(has.children, registry, entity)
    for condition in _held(has, children):
        test = test_of(resolve_path(condition.path, registry, children.entity), condition, context)
        if any(bound >= context.now - RECENT for bound in _lowest(test)):
            return True
    return False


def _held(has: Has, children: Children) -> Iterator[Compare]:
    for item in has.where.items if isinstance(has.where, And) else (has.where,):
        if isinstance(item, Compare) and item.path in children.copies and not negative(item):
            yield item


def _lowest(test: Test) -> Iterator[datetime]:
    for part in test.tests if isinstance(test, Both) else (test,):
        if isinstance(part, Ordered) and part.op in (">", ">=") and isinstance(part.bound, datetime):
            yield part.bound
