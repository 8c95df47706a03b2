"""Frozen classes of attrs that cost next to nothing until they are used.

``frozen`` stands for ``attrs.frozen``: the same options, the same class, and to type checkers it is attrs' own. But attrs
writes and compiles the methods of a class when the class is defined, which takes longer than all else that is done to
import it, and a program uses a few of the hundreds of classes that it imports. Here a class has its slots at once, and
attrs is asked for fields and methods when one of them is first needed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from threading import RLock
from types import GetSetDescriptorType, MemberDescriptorType
from typing import TYPE_CHECKING, Any

import attrs

_ALWAYS = ("__attrs_attrs__", "__attrs_props__", "__init__", "__setattr__", "__delattr__")
_ORDER = ("__lt__", "__le__", "__gt__", "__ge__")
_SELDOM = frozenset({"__attrs_props__", "__repr__", "__eq__", "__ne__", "__hash__", *_ORDER})
_OPTIONS = frozenset({"kw_only", "eq", "repr", "unsafe_hash", "order"})
_SILENT = frozenset({str, tuple, dict, type(None), MemberDescriptorType, GetSetDescriptorType, type(attrs.field())})
"""Members that speak of no class."""
_CLASS_VARIABLES = ("ClassVar", "typing.ClassVar")
ATTRIBUTE = type(attrs.field())
"""What attrs declares an attribute with, in the body of a class."""


_one_at_a_time = RLock()


def postponed(
    cls: type[Any],
    prepare: Callable[[type[Any]], Mapping[str, Any]] | None = None,
    prepared: tuple[str, ...] = (),
    **options: Any,
) -> type[Any]:
    """Return the class that ``attrs.frozen(**options)`` makes of ``cls``, complete when it is first used.

    ``prepare`` is then given the class as it was written and returns further members of it, which are called
    ``prepared``. A fault that attrs would find in the class is found then as well.
    """
    own = own_annotations(cls)
    bases = cls.__mro__[1:-1]
    inherited = {name for base in bases for name in getattr(base, "__slots__", ())}
    slots = [name for name in own if name not in inherited]
    if not any("__weakref__" in base.__dict__ for base in bases):
        slots.append("__weakref__")
    later = {name: _Later(name) for name in (*_generated(cls, options), *prepared)}
    members = {name: value for name, value in cls.__dict__.items() if name not in own}
    members.pop("__dict__", None)
    members.pop("__weakref__", None)
    members.update(later)
    members["__slots__"] = tuple(slots)
    members["__qualname__"] = cls.__qualname__
    metaclass: Any = type(cls)
    made: type[Any] = metaclass(cls.__name__, cls.__bases__, members)
    _mean(made, cls)
    class_of = _Class(cls, made, options, later, prepare)
    for member in later.values():
        member.of = class_of
    return made


def own_annotations(cls: type[Any]) -> Mapping[str, Any]:
    """Return what ``cls`` itself declares as fields of its instances, each with its annotation as it was written."""
    return {name: kind for name, kind in cls.__annotations__.items() if not str(kind).startswith(_CLASS_VARIABLES)}


def is_attrs(cls: Any) -> bool:
    """Return what ``attrs.has`` does of a class, without having it made."""
    return isinstance(cls, type) and any("__attrs_attrs__" in base.__dict__ for base in cls.__mro__)


def field_names(cls: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields of an attrs class, those of its bases first, without having it made."""
    names: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        made = base.__dict__.get("__attrs_attrs__", ())
        names.update(dict.fromkeys(own_annotations(base) if type(made) is _Later else (one.name for one in made)))
    return tuple(names)


def _generated(cls: type[Any], options: Mapping[str, Any]) -> list[str]:
    """Return the names of the members that attrs makes for a class without an ``__init__`` of its own."""
    written, names = cls.__dict__, list(_ALWAYS)
    if "__getstate__" not in written and "__setstate__" not in written:
        names += "__getstate__", "__setstate__"
    if "__match_args__" not in written:
        names.append("__match_args__")
    if options.get("repr", "__repr__" not in written):
        names.append("__repr__")
    if options.get("eq", "__eq__" not in written and "__ne__" not in written):
        names += "__eq__", "__ne__"
        if "unsafe_hash" not in options and "__hash__" not in written:
            names.append("__hash__")
    if options.get("order"):
        names += _ORDER
    if sys.version_info >= (3, 13) and "__replace__" not in written:
        names.append("__replace__")
    return names


def _mean(made: type[Any], cls: type[Any]) -> None:
    """Have methods that speak of their class, by ``super()``, mean the one that replaces it."""
    for member in cls.__dict__.values():
        if type(member) in _SILENT:
            continue
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        for cell in getattr(function, "__closure__", None) or ():
            try:
                if cell.cell_contents is cls:
                    cell.cell_contents = made
            except ValueError:  # an empty cell
                continue


class _Later:
    """Stands for a member of a class that attrs has not made yet.

    Records of most classes are never compared or shown: what does that is left for later still.
    """

    __slots__ = ("name", "of")
    of: _Class

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        member = self.of.made(self.name)
        get = getattr(type(member), "__get__", None)
        return member if get is None else get(member, instance, owner)


class _Class:
    """A class, as it was written and as it is used, until attrs has made its members."""

    __slots__ = ("_later", "_made", "_options", "_prepare", "_written")

    def __init__(
        self,
        written: type[Any],
        made: type[Any],
        options: Mapping[str, Any],
        later: Mapping[str, _Later],
        prepare: Callable[[type[Any]], Mapping[str, Any]] | None,
    ) -> None:
        self._written = written
        self._made, self._options, self._later, self._prepare = made, options, set(later), prepare

    def made(self, name: str) -> Any:
        """Return a member of the class, which attrs is asked for with all that belongs to it."""
        with _one_at_a_time:
            if name in self._later:
                self._make(seldom=name in _SELDOM)
        return self._made.__dict__[name]

    def _make(self, seldom: bool) -> None:
        if self._prepare is not None:
            for name, member in self._prepare(self._written).items():
                setattr(self._written, name, member)
            self._prepare = None
        options = self._options if seldom else {**self._options, "eq": False, "order": False, "repr": False}
        if "__init__" not in self._later:
            options = {**options, "init": False}
        by_attrs = attrs.frozen(**options)(self._written).__dict__
        for name in [name for name in self._later if seldom or name not in _SELDOM]:
            setattr(self._made, name, by_attrs[name])
            self._later.discard(name)


if TYPE_CHECKING:
    from attrs import frozen as frozen
else:

    def frozen(cls=None, **options):
        """Decorate a class as ``attrs.frozen`` does, with its options; what attrs makes of it is made on first use."""
        if cls is None:
            return partial(frozen, **options)
        plain = (
            options.keys() <= _OPTIONS
            and "__init__" not in cls.__dict__
            and not issubclass(cls, BaseException)
            and not any(isinstance(member, cached_property) for member in cls.__dict__.values())
            and all(name in cls.__annotations__ for name, member in cls.__dict__.items() if type(member) is ATTRIBUTE)
        )
        return postponed(cls, **options) if plain else attrs.frozen(**options)(cls)
