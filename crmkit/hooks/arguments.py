"""What functions take and how they are marked, read from the functions themselves.

``inspect`` and pluggy tell the same of anything that can be called, a hundred times as slowly; plugins have hundreds of
hooks, and nearly all of them are plain functions.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import FunctionType, ModuleType
from typing import Any


def plain_arguments(function: Any) -> tuple[str, ...] | None:
    """Return the names of a function's arguments if all are positional and without default; None for all else."""
    if type(function) is not FunctionType or not function.__dict__.keys().isdisjoint(_ELSEWHERE):
        return None
    code = function.__code__
    if code.co_flags & (CO_VARARGS | CO_VARKEYWORDS) or code.co_kwonlyargcount or function.__defaults__:
        return None
    return code.co_varnames[: code.co_argcount]


def marked_options(holder: object, name: str, mark: str, parse: Callable[[Any, str], Any]) -> Any:
    """Return the options of the marker ``mark`` on a member of a plugin or of a class of hooks, None without it.

    That is what pluggy's ``parse(holder, name)`` says, which is asked where the member is no function written there.
    """
    if name.startswith("__"):
        return None
    if type(holder) is ModuleType or isinstance(holder, type):
        member = vars(holder).get(name)
        if isinstance(member, ModuleType):
            return None
        if type(member) is FunctionType:
            options = member.__dict__.get(mark)
            return options if isinstance(options, dict) else None
    return parse(holder, name)


_ELSEWHERE = frozenset({"__wrapped__", "__signature__"})
"""Where functions say that their arguments are others than those of their code."""
