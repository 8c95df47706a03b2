"""The settings of a plugin for which nothing is set: its class as it is, without the machinery that reads settings."""

from __future__ import annotations

import types
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import Any, Literal, Union, get_args, get_origin

from crmkit.core.annotations import hints_of
from crmkit.core.frozen import is_attrs
from crmkit.runtime.setting_values import SCALARS

_OF_OTHERS = (Union, types.UnionType, tuple, list, set, frozenset, dict, Collection, Iterable, Mapping, Sequence, Set)


def usual_settings(cls: type[Any]) -> Any:
    """Return settings with all that is usual.

    None when something must be set, or might be wrong with the class: whoever reads settings tells what.
    """
    try:
        return cls() if _is_plain(cls) else None
    except Exception:
        return None


def _is_plain(kind: Any) -> bool:
    """Whether settings can have this type, as far as can be told quickly."""
    if kind in SCALARS or kind in (None, types.NoneType, Ellipsis):
        return True
    origin: Any = get_origin(kind)
    if origin is Literal:
        return True
    if origin in _OF_OTHERS:
        return all(map(_is_plain, get_args(kind)))
    return is_attrs(kind) and all(map(_is_plain, hints_of(kind).values()))
