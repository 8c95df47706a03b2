"""What a migration does, read from its code without running it: for plans."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from threading import Lock

from crmkit.core.frozen import frozen
from crmkit.store.migration.running import Direction

_DROPS_ROWS = ("drop table", "delete from", "truncate", "drop column")


@frozen
class Effects:
    """``details`` are single things that it does; ``destructive`` tells whether any of them destroys something."""

    details: tuple[str, ...] = ()
    destructive: bool = False


def effects(file: Path, direction: Direction = "upgrade") -> Effects:
    """Return what the function ``upgrade`` or ``downgrade`` of a migration does.

    A module attribute ``destructive`` has the last word on an upgrade: False, or a text that says what is lost.
    """
    return _effects(file, direction, file.stat().st_mtime_ns)


_parsing = Lock()


@lru_cache(maxsize=200)
def _effects(file: Path, direction: Direction, _changed: int) -> Effects:
    # Up to Python 3.12, threads that parse at once confuse one another (python/cpython#106905).
    with _parsing:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    found: list[tuple[str, bool]] = []
    said: object = None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == direction:
            found = list(_calls(node))
        elif isinstance(node, ast.Assign) and any(_named(target, "destructive") for target in node.targets):
            said = ast.literal_eval(node.value)
    destructive = any(loses for _, loses in found)
    details = tuple(dict.fromkeys(text for text, _ in found))
    if direction == "upgrade" and said is not None:
        return Effects((*details, *([said] if isinstance(said, str) and said else ())), bool(said))
    return Effects(details, destructive)


def _named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _calls(function: ast.FunctionDef) -> Iterator[tuple[str, bool]]:
    """Yield the operations in the order of their lines; tables of batches are those of their ``with``."""
    batches: dict[str, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.With):
            for item in node.items:
                call = item.context_expr
                if (
                    isinstance(call, ast.Call)
                    and _operation(call) == "batch_alter_table"
                    and isinstance(item.optional_vars, ast.Name)
                ):
                    batches[item.optional_vars.id] = _text(call, 0)
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
            continue
        table = batches.get(call.func.value.id)
        if table is not None or call.func.value.id == "op":
            yield from _told(call, table)


def _told(call: ast.Call, batch: str | None) -> Iterator[tuple[str, bool]]:
    first = _text(call, 0)
    second = first if batch is not None else _text(call, 1)
    table = first if batch is None else batch
    match _operation(call):
        case "create_table":
            yield f"create table {first}", False
        case "drop_table":
            yield f"drop table {first}", True
        case "rename_table":
            yield f"rename table {first} to {_text(call, 1)}", False
        case "add_column":
            yield f"add column {table}.{_column(call)}", False
        case "drop_column":
            yield f"drop column {table}.{second}", True
        case "alter_column":
            names = {word.arg for word in call.keywords}
            if "new_column_name" in names:
                yield f"rename column {table}.{second}", False
            if "type_" in names:
                yield f"change type of {table}.{second}", True
            if "nullable" in names:
                yield f"alter column {table}.{second}", False
        case "create_index":
            yield f"add index {first}", False
        case "drop_index":
            yield f"drop index {first}", False
        case "create_foreign_key" | "create_unique_constraint" | "create_check_constraint" | "create_primary_key":
            yield f"add constraint {first}", False
        case "drop_constraint":
            yield f"drop constraint {first}", False
        case "execute" | "bulk_insert":
            sql = " ".join(_text(call, 0).split())
            yield f"run {sql[:80] or 'statements'}", any(words in sql.lower() for words in _DROPS_ROWS)


def _operation(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _text(call: ast.Call, place: int) -> str:
    """Return the text given at a place, also when it is wrapped as in ``op.f("name")`` or ``sa.text("...")``."""
    if place >= len(call.args):
        return ""
    given = call.args[place]
    if isinstance(given, ast.Call) and given.args:
        given = given.args[0]
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else ""


def _column(call: ast.Call) -> str:
    for given in call.args:
        if isinstance(given, ast.Call) and _operation(given) == "Column":
            return _text(given, 0)
    return ""
