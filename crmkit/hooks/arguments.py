"""What functions take and how they are marked, read from the functions themselves.

``inspect`` and pluggy tell the same of anything that can be called, a hundred times as slowly; plugins have hundreds of
hooks, and nearly all of them are plain functions.
"""

from __future__ import annotations

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


def surely_unmarked(plugin: object, name: str) -> bool:
    """Whether the member ``name`` of a plugin is none that pluggy could take for a hook; False when it must look."""
    if name.startswith("__"):
        return True
    if type(plugin) is not ModuleType:
        return False
    member = vars(plugin).get(name)
    return isinstance(member, ModuleType) or (type(member) is FunctionType and not member.__dict__)


_ELSEWHERE = frozenset({"__wrapped__", "__signature__"})
"""Where functions say that their arguments are others than those of their code."""
