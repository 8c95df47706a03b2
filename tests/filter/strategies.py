"""Predicates over the entities of ``world``, as Hypothesis strategies."""

from __future__ import annotations

from hypothesis import strategies as st

from crmkit.core.fieldtypes import Kind
from crmkit.core.filter import EVERYTHING, NOTHING, And, Compare, Empty, Has, In, Match, Not, Or, Predicate
from crmkit.core.filter.civil import RANGES, WEEKDAYS
from crmkit.core.filter.faults import Unsuitable
from crmkit.core.filter.literals import check_compare, check_match, read_literal
from crmkit.core.filter.targets import Target, children_of, resolve_path
from tests.filter.world import DATES, IDS, INSTANTS, MOMENTS, NUMBERS, PARTIALS, REGISTRY, TEXTS

_EXTRA_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
_LITERALS: dict[Kind, st.SearchStrategy[str]] = {
    Kind.TEXT: st.one_of(st.sampled_from(TEXTS), st.sampled_from(["t", "É", "%", "_", "ς", "Ａ"]), _EXTRA_TEXT),
    Kind.INTEGER: st.sampled_from(NUMBERS),
    Kind.DECIMAL: st.sampled_from(NUMBERS),
    Kind.BOOLEAN: st.sampled_from(["true", "false"]),
    Kind.DATE: st.sampled_from([*DATES, "2026-03", "2026", *MOMENTS]),
    Kind.PARTIAL_DATE: st.sampled_from([*PARTIALS, *DATES, *MOMENTS]),
    Kind.INSTANT: st.sampled_from([*INSTANTS, *DATES, "2026-03", "2026", "2026-03-29T02:30", *MOMENTS]),
    Kind.ID: st.sampled_from([*IDS, "me"]),
}
_OPS = ("=", "!=", "==", "!==", "<", "<=", ">", ">=")


def _paths(entity: str, hops: int) -> list[str]:
    found: list[str] = []
    for field in REGISTRY.get(entity).fields:
        if field.kind is Kind.JSON:
            continue
        found.append(field.name)
        if field.kind is Kind.MONEY:
            found += [f"{field.name}.amount", f"{field.name}.currency"]
        if field.kind is Kind.INSTANT:
            found += [f"{field.name}.{part}" for part in RANGES]
        if field.reference and hops and field.reference in REGISTRY:
            found += [f"{field.name.removesuffix('_id')}.{path}" for path in _paths(field.reference, hops - 1)]
    return found


_TARGETS = {info.name: [resolve_path(path, REGISTRY, info.name) for path in _paths(info.name, 2)] for info in REGISTRY}


@st.composite
def conditions(draw: st.DrawFn, entity: str) -> Predicate:
    target = draw(st.sampled_from(_TARGETS[entity]))
    form = draw(st.sampled_from(["compare", "compare", "in", "match", "empty"]))
    if form == "match" and target.kind in (Kind.TEXT, Kind.WORDS):
        op = draw(st.sampled_from(["contains", "starts with", "ends with"]))
        try:
            check_match(target, op)
        except Unsuitable:
            op = "contains"
        return Match(target.path, op, draw(_LITERALS[Kind.TEXT]))  # type: ignore[arg-type]
    if target.kind not in _LITERALS or form in ("empty", "match"):
        return Empty(target.path)
    if form == "in":
        return In(target.path, tuple(draw(st.lists(_value(target, "="), min_size=1, max_size=3))))
    op = draw(st.sampled_from(_known(target)))
    return Compare(target.path, op, draw(_value(target, op)))  # type: ignore[arg-type]


def _known(target: Target) -> list[str]:
    known = []
    for op in _OPS:
        try:
            known.append(check_compare(target, op))
        except Unsuitable:
            continue
    return known


@st.composite
def _value(draw: st.DrawFn, target: Target, op: str) -> object:
    texts = st.sampled_from(target.field.choices) if target.field.choices else _LITERALS[target.kind]
    if target.part in RANGES:
        least, greatest = RANGES[target.part]
        texts = st.integers(least, greatest).map(str)
    if target.part == "weekday":
        texts = st.sampled_from(WEEKDAYS)
    if target.kind is Kind.PARTIAL_DATE and op not in ("=", "!="):
        texts = texts.filter(lambda text: not text.startswith("--"))
    return read_literal(target, draw(texts), op)


def predicates(entity: str, depth: int = 3) -> st.SearchStrategy[Predicate]:
    leaves = st.one_of(
        conditions(entity), conditions(entity), conditions(entity), st.sampled_from([EVERYTHING, NOTHING])
    )
    if depth == 0:
        return leaves
    inner = st.deferred(lambda: predicates(entity, depth - 1))
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(leaves, several.map(And), several.map(Or), inner.map(Not), _has(entity, depth))


@st.composite
def _has(draw: st.DrawFn, entity: str, depth: int) -> Predicate:
    known = children_of(REGISTRY, entity)
    if not known:
        return draw(conditions(entity))
    children = draw(st.sampled_from(sorted(known)))
    op = draw(st.sampled_from(["at least", "at most", "exactly"]))
    count = draw(st.integers(0, 3))
    where = draw(st.none() | predicates(known[children].entity, depth - 1))
    return Has(children, op, count, where)  # type: ignore[arg-type]
