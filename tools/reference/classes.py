"""What classes of attrs say of themselves: their attributes, types, defaults and the texts that stand below them."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from crmkit.core.fields import FieldInfo
from tools.markdown import code, table

FALLBACKS: Mapping[str, type[Any]] = {"CustomField": FieldInfo}
"""Where the attributes of a class are explained when it has the same ones as another."""


def attribute_texts(cls: type[Any]) -> dict[str, str]:
    """Return the docstrings that stand below the attributes of ``cls`` and its bases, by attribute."""
    texts: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError):
            continue
        (declared,) = tree.body
        assert isinstance(declared, ast.ClassDef)
        for statement, following in zip(declared.body, declared.body[1:], strict=False):
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and isinstance(following, ast.Expr)
                and isinstance(following.value, ast.Constant)
                and isinstance(following.value.value, str)
            ):
                texts[statement.target.id] = inspect.cleandoc(following.value.value)
    return texts


def own_docstring(thing: Any) -> str:
    """Return the docstring of a class, module or function; attrs' and object's own count as none."""
    return inspect.cleandoc(thing.__doc__ or "")


def first_sentence(thing: Any) -> str:
    """Return the first line of a docstring."""
    return own_docstring(thing).partition("\n")[0]


def records_of(module_name: str) -> list[type[Any]]:
    """Return the public attrs classes that a module defines, in the order of its text."""
    members = vars(sys.modules[module_name]).items()
    return [
        member
        for name, member in members
        if isinstance(member, type) and attrs.has(member) and member.__module__ == module_name and name[0] != "_"
    ]


def attributes_table(cls: type[Any]) -> str:
    """Return a table of the attributes, properties and methods of a class; without meanings where none has one."""
    texts = meanings(cls, *(base for name, base in FALLBACKS.items() if name == cls.__name__))
    rows = [
        (code(a.name), code(type_text(written_type(cls, a.name))), default_text(a), texts.get(a.name, ""))
        for a in attrs.fields(cls)
        if a.init and not a.name.startswith("_")
    ]
    rows += [(code(name), code(kind), "", text) for name, kind, text in members(cls)]
    if any(row[3] for row in rows):
        return table(["attribute", "type", "default", "meaning"], rows)
    return table(["attribute", "type", "default"], [row[:3] for row in rows])


def written_type(cls: type[Any], name: str) -> Any:
    """Return an attribute's type as the class was written; attrs' own record of it changes once types are resolved."""
    for base in cls.__mro__:
        written = inspect.get_annotations(base)
        if name in written:
            return written[name]
    raise AttributeError(f"{cls.__name__} declares no attribute {name}")


def type_text(annotation: Any) -> str:
    """Return a type as it is written in the source."""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def default_text(attribute: attrs.Attribute[Any]) -> str:
    """Return the default of an attribute as code; nothing where there is none."""
    default: Any = attribute.default
    if default is attrs.NOTHING:
        return ""
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        made = {dict: "{}", list: "[]", tuple: "()"}.get(default.factory)
        return code(made or f"{default.factory.__name__}()")
    return code(f"{type(default).__name__}()" if attrs.has(type(default)) else repr(default))


def meanings(cls: type[Any], *fallback: type[Any]) -> Mapping[str, str]:
    """Return the texts of the attributes of ``cls``, and those of other classes for attributes of the same name."""
    texts: dict[str, str] = {}
    for source in (*fallback, cls):
        texts |= attribute_texts(source)
    return texts


def members(cls: type[Any]) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and docstring of the public properties and methods that ``cls`` itself defines."""
    for name, member in vars(cls).items():
        function: Any = member.fget if isinstance(member, property) else member
        if name[0] != "_" and inspect.isfunction(function) and function.__doc__:
            arguments = list(inspect.signature(function).parameters)[1:]
            shown = name if isinstance(member, property) else f"{name}({', '.join(arguments)})"
            yield shown, type_text(function.__annotations__.get("return", "")), own_docstring(function)
