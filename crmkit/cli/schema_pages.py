"""What the commands about the schema show: steps, owners of tables, and what is kept of plugins that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from crmkit.cli.words import translate, translated, wording

if TYPE_CHECKING:
    from crmkit.store.migration import SchemaState, Step

OWNER_STATES = {
    "empty": wording("to be made"),
    "current": wording("current"),
    "outdated": wording("to be upgraded"),
    "newer": wording("newer than here"),
    "kept": wording("kept"),
}


def step_line(step: Step) -> str:
    """Return a step as one line; what destroys something is marked."""
    mark = translated(wording("destructive"))
    return f"! {step.text}  [{mark}]" if step.destructive else f"  {step.text}"


def step_lines(steps: Iterable[Step]) -> Iterator[str]:
    """Yield steps with what they do, one line each."""
    for step in steps:
        yield step_line(step)
        yield from (f"      {detail}" for detail in step.details)


def owner_rows(state: SchemaState) -> list[tuple[str, ...]]:
    """Return a row for everybody with tables: name, state, revision, the one that is needed, version."""
    return [
        (one.owner, translated(OWNER_STATES[one.state]), one.revision or "-", one.head or "-", one.version)
        for one in state.owners
    ]


def kept_rows(state: SchemaState) -> list[tuple[str, ...]]:
    """Return the same of plugins that are gone."""
    return [(one.owner, translated(OWNER_STATES["kept"]), one.revision or "-", "-", one.version) for one in state.kept]


def kept_lines(state: SchemaState) -> Iterator[str]:
    """Yield what is kept of plugins that take part no more."""
    from crmkit.core.messages import msg

    for one in state.kept:
        names = ", ".join(owned.table for owned in one.tables) or "-"
        yield msg(
            "kept of {plugin}: {tables} (once it is gone, crmkit plugin purge {plugin} removes them)",
            plugin=one.owner,
            tables=names,
        ).render(translate())


def filling_lines(state: SchemaState) -> Iterator[str]:
    """Yield how far columns are that are not filled yet."""
    for one in state.filled.values():
        if not one.finished:
            yield f"{one.table}.{one.column}  {one.done} / {one.total or '?'}"


def step_document(step: Step) -> dict[str, Any]:
    """Return a step for JSON."""
    return {
        "owner": step.owner,
        "text": step.text,
        "details": step.details,
        "destructive": step.destructive,
        "required": step.required,
    }


def state_document(state: SchemaState) -> dict[str, Any]:
    """Return how a database stands, for JSON."""
    return {
        "state": state.state,
        "revision": state.revision,
        "needed": state.head,
        "steps": state.steps,
        "plan": [step_document(step) for step in state.plan],
        "owners": [
            {
                "owner": one.owner,
                "state": one.state,
                "revision": one.revision or None,
                "needed": one.head or None,
                "version": one.version or None,
            }
            for one in state.owners
        ],
        "kept": [
            {
                "plugin": one.owner,
                "revision": one.revision or None,
                "version": one.version or None,
                "tables": _tables(one),
            }
            for one in state.kept
        ],
        "occupied": state.occupied,
        "columns": [
            {"column": f"{one.table}.{one.column}", "finished": one.finished, "done": one.done, "total": one.total}
            for one in state.filled.values()
        ],
    }


def _tables(kept: Any) -> Sequence[str]:
    return [owned.table for owned in kept.tables]
