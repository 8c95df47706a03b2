"""The page of errors, their codes and exit codes."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import crmkit
from crmkit.cli.running import EXIT_CODES
from crmkit.core.errors import CrmError, FieldError, ValidationFailed
from tools.markdown import code, codes, table
from tools.reference.classes import own_docstring

INTRODUCTION = """# Errors

Every expected error is a subclass of `crmkit.core.errors.CrmError` and one clear sentence; `code` is stable for programs,
`message` is for people and translated. Anything else that comes out of crmkit is a defect. What an error of a plugin does is told
for each [kind of hook](hooks.md#kinds)."""

EXIT_MEANINGS = {
    0: "done",
    1: "failed: configuration, plugin, schema, or a defect",
    2: "wrong usage",
    3: "bad input",
    4: "not found",
    5: "denied or refused",
    6: "the database is unavailable, or the disk is full",
    7: "somebody else was first",
    130: "interrupted",
}


def page() -> str:
    """Return the page."""
    rows = [(code(kind.code), code(kind.__name__), str(exit_code(kind)), own_docstring(kind)) for kind in error_classes()]
    fields = [(code(name), expected) for name, expected in sorted(field_codes().items())]
    parts = [
        INTRODUCTION,
        table(["code", "class", "exit code", "meaning"], rows),
        f"## Exit codes\n\n{_exit_codes()}",
        f"## Field errors\n\n{own_docstring(ValidationFailed)}\n\n{own_docstring(FieldError)}",
        table(["code", "what was expected"], fields),
    ]
    return "\n\n".join(parts)


def error_classes() -> list[type[CrmError]]:
    """Return every class of expected errors: those of the core as they are declared, then the others by module."""
    for module in pkgutil.walk_packages(crmkit.__path__, "crmkit."):
        if not module.name.startswith(("crmkit.__main__", "crmkit.store.migrations.")):
            importlib.import_module(module.name)
    found: list[type[CrmError]] = []
    todo: list[type[CrmError]] = [CrmError]
    while todo:
        kind = todo.pop(0)
        found.append(kind)
        todo += kind.__subclasses__()
    own = [kind for kind in vars(importlib.import_module("crmkit.core.errors")).values() if kind in found]
    rest = {kind for kind in found if kind.__module__.startswith("crmkit.")}.difference(own)
    return own + sorted(rest, key=lambda kind: (kind.__module__, kind.__name__))


def exit_code(kind: type[CrmError]) -> int:
    """Return the exit code of the command line for an error."""
    return next(number for cls, number in EXIT_CODES if issubclass(kind, cls))


def field_codes() -> dict[str, str]:
    """Return the codes of field errors, read from the sources, each with the expectations that it comes with."""
    found: dict[str, set[str]] = {}
    for path in sorted(Path(crmkit.__path__[0]).rglob("*.py")):
        for name, expected in _codes_in(ast.parse(path.read_text(encoding="utf-8")), path.name == "validation.py"):
            found.setdefault(name, set()).update([expected] if expected else [])
    return {name: "; ".join(sorted(expected)) for name, expected in found.items()}


def _codes_in(tree: ast.AST, validation: bool) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "FieldError" and len(node.args) > 3:
            if (name := _text(node.args[1])) is not None:
                yield name, _expectation(node.args[3])
        elif validation and isinstance(node, ast.Tuple) and len(node.elts) == 2:
            name, expected = _text(node.elts[0]), _expectation(node.elts[1])
            if name is not None and (expected or isinstance(node.elts[1], ast.Attribute)):
                yield name, expected


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return None


def _expectation(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "msg" and node.args:
        return _text(node.args[0]) or ""
    return ""


def _exit_codes() -> str:
    numbers = sorted({0, 2, *(number for _, number in EXIT_CODES)})
    rows = []
    for number in numbers:
        classes = [kind.__name__ for kind, own in EXIT_CODES if own == number and issubclass(kind, CrmError)]
        rows.append((str(number), EXIT_MEANINGS[number], codes(classes)))
    return table(["exit code", "meaning", "errors"], rows)
