"""The page of errors, their codes and exit codes."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import crmkit
from crmkit.cli.running import EXIT_CODES
from crmkit.core.errors import CrmError, FieldError, ValidationFailed
from crmkit.core.formats import FORMATS
from tools.markdown import code, codes, table
from tools.reference.classes import own_docstring

SOURCES = Path(crmkit.__path__[0])
ROOM = SOURCES.parent
_CLASS = re.compile(r"^class (\w+)\(([^)]*)\):", re.MULTILINE)

INTRODUCTION = """# Errors

Every expected error is a subclass of `crmkit.core.errors.CrmError` and one clear sentence; `code` is stable for
programs, `message` is for people and translated. Anything else that comes out of crmkit is a defect. What an error of
a plugin does is told for each [kind of hook](hooks.md#kinds)."""

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
    kinds = error_classes()
    rows = [(code(kind.code), code(kind.__name__), str(exit_code(kind)), own_docstring(kind)) for kind in kinds]
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
    """Return every class of expected errors: those of the core as they are declared, then the others by module.

    Only the modules that declare some are imported: others may need libraries that are not installed.
    """
    declared = [
        (
            found[1],
            {base.strip() for base in found[2].split(",")},
            ".".join(path.relative_to(ROOM).with_suffix("").parts),
        )
        for path in sorted(SOURCES.rglob("*.py"))
        for found in _CLASS.finditer(path.read_text(encoding="utf-8"))
    ]
    errors, known = {CrmError.__name__: CrmError.__module__}, 0
    while known < len(errors):
        known = len(errors)
        errors |= {name: module for name, bases, module in declared if bases & errors.keys()}
    found = [getattr(importlib.import_module(module), name) for name, module in errors.items()]
    own = [kind for kind in vars(importlib.import_module(CrmError.__module__)).values() if kind in found]
    rest = {kind for kind in found if issubclass(kind, CrmError)}.difference(own)
    return own + sorted(rest, key=lambda kind: (kind.__module__, kind.__name__))


def exit_code(kind: type[CrmError]) -> int:
    """Return the exit code of the command line for an error."""
    return next(number for cls, number in EXIT_CODES if issubclass(kind, cls))


def field_codes() -> dict[str, str]:
    """Return the codes of field errors, read from the sources, each with the expectations that it comes with."""
    found: dict[str, set[str]] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        # The others have none; reading them all as syntax trees would take long.
        for name, expected in _codes_in(ast.parse(text)) if "FieldError" in text else ():
            found.setdefault(name, set()).update([expected] if expected else [])
    found.setdefault("format", set()).update(form.expected.template for form in FORMATS.values())
    return {name: "<br>".join(sorted(expected)) for name, expected in found.items()}


def _codes_in(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield codes of field errors with expectations: of calls of FieldError, and of pairs that functions return."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        said = [
            (node.lineno, target.id, _expectation(node.value, []))
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        ]
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "FieldError" and len(node.args) > 3:
                if (name := _text(node.args[1])) is not None:
                    yield name, _expectation(node.args[3], said)
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
                name, expected = _text(node.value.elts[0]), _expectation(node.value.elts[1], said)
                if name is not None and expected:
                    yield name, expected


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = [str(p.value) if isinstance(p, ast.Constant) else "{…}" for p in node.values]
        return "".join(parts)
    return None


def _expectation(node: ast.expr, said: Sequence[tuple[int, str, str]]) -> str:
    """Return the template of the message that an expression makes; nothing when it cannot be told.

    ``said`` holds what names stand for: the line from which on, the name and the template.
    """
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "msg" and node.args:
        return _text(node.args[0]) or ""
    if isinstance(node, ast.Name):
        before = [(line, text) for line, name, text in said if name == node.id and line < node.lineno]
        return max(before)[1] if before else ""
    return ""


def _exit_codes() -> str:
    numbers = sorted({0, 2, *(number for _, number in EXIT_CODES)})
    rows = []
    for number in numbers:
        classes = [kind.__name__ for kind, own in EXIT_CODES if own == number and issubclass(kind, CrmError)]
        rows.append((str(number), EXIT_MEANINGS[number], codes(classes)))
    return table(["exit code", "meaning", "errors"], rows)
