"""Records beside the ones that are asked for: along their references, and those that belong to them.

One query for each path, however many records there are; each query is narrowed to what the actor may see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import AccessDenied, FieldError, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.merging import generic_reference
from crmkit.core.messages import msg
from crmkit_web.documents.plain import Document
from crmkit_web.documents.records import CUSTOM, form_of

if TYPE_CHECKING:
    from crmkit_web.serving.calls import Call
    from crmkit_web.serving.site import Site

MOST_PATHS = 20
DEEPEST = 4
MOST_RECORDS = 5_000
"""Records along one path; beyond them the answer says that there are more."""


@frozen(eq=False)
class Way:
    """One step from records to others: ``up`` along a field of theirs, or down to those whose ``field`` leads to them."""

    name: str
    target: EntityInfo
    field: str
    up: bool
    of: Callable[[Any], UUID | None] | None = None
    equal: Mapping[str, Any] | None = None


class Tree(dict[str, "Tree"]):
    """Paths by their first step."""


_KNOWN: WeakKeyDictionary[Site, dict[str, Mapping[str, Way]]] = WeakKeyDictionary()


def read_paths(site: Site, info: EntityInfo, paths: Sequence[str], pointer: str) -> tuple[Tree, list[FieldError]]:
    """Return the paths as a tree, and what is wrong with them."""
    tree, errors = Tree(), list[FieldError]()
    if len(paths) > MOST_PATHS:
        errors.append(FieldError(pointer, "too_many", len(paths), msg("at most {count} paths", count=MOST_PATHS)))
    for path in paths[:MOST_PATHS]:
        steps = (
            path.split(".") if not path.startswith(CUSTOM) else [".".join(path.split(".")[:2]), *path.split(".")[2:]]
        )
        if len(steps) > DEEPEST:
            errors.append(FieldError(pointer, "too_deep", path, msg("at most {count} steps", count=DEEPEST)))
            continue
        branch, here = tree, info
        for step in steps:
            ways = ways_from(site, here)
            way = ways.get(step)
            if way is None:
                errors.append(FieldError(pointer, "unknown_path", path, did_you_mean(step[:100], ways)))
                break
            branch, here = branch.setdefault(step, Tree()), way.target
    return tree, errors


def included(call: Call, info: EntityInfo, records: Sequence[Any], tree: Tree) -> tuple[dict[str, Any], list[str]]:
    """Return documents by entity and id of what lies along the paths, and the paths with more than ``MOST_RECORDS``."""
    found: dict[str, dict[str, Document]] = {}
    cut: list[str] = []
    _follow(call, info, records, tree, "", found, cut)
    return found, cut


def _follow(
    call: Call,
    info: EntityInfo,
    records: Sequence[Any],
    tree: Tree,
    path: str,
    found: dict[str, dict[str, Document]],
    cut: list[str],
) -> None:
    session, ways = call.session, ways_from(call.site, info)
    for step, further in tree.items():
        way, here = ways[step], f"{path}{step}"
        more = _asked(session, info, way, records)
        if len(more) > MOST_RECORDS:
            more = more[:MOST_RECORDS]
            cut.append(here)
        form = form_of(session, way.target)
        told = found.setdefault(way.target.name, {})
        for record in more:
            key = str(record.id)
            if key not in told:
                told[key] = form(record)
        if further:
            _follow(call, way.target, more, further, f"{here}.", found, cut)


def _asked(session: Any, info: EntityInfo, way: Way, records: Sequence[Any]) -> Sequence[Any]:
    if way.up:
        # Where it leads would tell what the field holds.
        _refuse_hidden(session, info, way.field)
        ids = {id for record in records if (id := way.of(record)) is not None} if way.of else set()
        return session.list(way.target.cls, id=sorted(ids)) if ids else ()
    _refuse_hidden(session, way.target, way.field)
    asked = {way.field: [record.id for record in records], **(way.equal or {})}
    return session.list(way.target.cls, limit=MOST_RECORDS + 1, **asked) if records else ()


def _refuse_hidden(session: Any, info: EntityInfo, field: str) -> None:
    if field in session.hidden(info.name):
        raise AccessDenied(msg("{actor} may not read {field}", actor=session.actor.name, field=f"{info.name}.{field}"))


def ways_from(site: Site, info: EntityInfo) -> Mapping[str, Way]:
    """Return the steps that lead from records of an entity, by name: its references, then what belongs to it."""
    known = _KNOWN.setdefault(site, {})
    if info.name not in known:
        known[info.name] = {way.name: way for way in reversed([*_up(site, info), *_down(site, info)])}
    return known[info.name]


def _up(site: Site, info: EntityInfo) -> Iterable[Way]:
    served = {one.name: one for one in site.entities.values()}
    for field in info.fields:
        if field.reference in served:
            name = field.name.removesuffix("_id")
            of = _custom_reader(field.name) if field.custom else _reader(field.name)
            yield Way(CUSTOM + field.name if field.custom else name, served[field.reference], field.name, True, of)


def _down(site: Site, info: EntityInfo) -> Iterable[Way]:
    served = {one.name for one in site.entities.values()}
    for name, (child, field) in site.crm.registry.children(info.name).items():
        if child.name in served and not field.custom:
            yield Way(name, child, field.name, False)
    for child in site.entities.values():
        open_ = generic_reference(child)
        if open_ is not None and "entity" in child.by_name:
            yield Way(child.plural, child, open_.name, False, equal={"entity": info.name})


def _reader(name: str) -> Callable[[Any], UUID | None]:
    return attrgetter(name)


def _custom_reader(name: str) -> Callable[[Any], UUID | None]:
    def read(record: Any) -> UUID | None:
        value = record.custom.get(name)
        return value if isinstance(value, UUID) else None

    return read
