"""The types that a class is annotated with, as objects.

``typing.get_type_hints`` tells the same and compiles each annotation anew. The classes of an application have some
thousand of them and about a hundred different ones.
"""

from __future__ import annotations

import inspect
import re
import sys
import typing
from functools import lru_cache
from types import CodeType
from typing import Any


def hints_of(cls: type[Any]) -> dict[str, Any]:
    """Return what ``typing.get_type_hints(cls)`` does, the annotations of its bases first. Raises what that raises."""
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for name, annotation in inspect.get_annotations(base).items():
            try:
                hints[name] = type_of(base, annotation)
            except Exception:
                # It is no type, or one that typing alone can read, such as a name within quotes.
                return typing.get_type_hints(cls)
    return hints


def type_of(cls: type[Any], annotation: Any) -> Any:
    """Return the type that an annotation in the body of ``cls`` stands for, as far as its module knows the names in it.

    Raises whatever evaluating it does, and TypeError for one that ``typing`` reads in its own way.
    """
    if annotation is None:
        return type(None)
    if not isinstance(annotation, str):
        return annotation
    found = eval(_code(annotation), vars(sys.modules[cls.__module__]))
    return type(None) if found is None else found


@lru_cache(maxsize=1_000)
def _code(annotation: str) -> CodeType:
    spoken = _LITERAL.sub("", annotation) if "Literal[" in annotation else annotation
    if any(sign in spoken for sign in _OF_TYPING):
        raise TypeError(f"typing is to read {annotation}")
    return compile(annotation, "<annotation>", "eval")


_LITERAL = re.compile(r"\bLiteral\[[^\]]*\]")
_OF_TYPING = ("'", '"', "Annotated")
"""Names within quotes, and what is said beside a type."""
