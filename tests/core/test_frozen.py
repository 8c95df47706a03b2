"""Frozen classes whose methods are made on first use are what attrs makes at once."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any, ClassVar

import attrs
import pytest

from crmkit.core import frozen as module
from crmkit.core.frozen import field_names, frozen, is_attrs

OPTIONS: list[dict[str, Any]] = [
    {},
    {"kw_only": True},
    {"eq": False},
    {"repr": False},
    {"unsafe_hash": False},
    {"order": True},
]


def point(decorator: Callable[..., Any], **options: Any) -> Any:
    @decorator(**options)
    class Point:
        """A place."""

        kinds: ClassVar[int] = 2
        x: int
        y: int = attrs.field(default=0, validator=attrs.validators.ge(0))
        marks: list[str] = attrs.field(factory=list, hash=False)

        def moved(self) -> Any:
            return __class__(x=self.x + 1, y=self.y)  # type: ignore[name-defined]

    return Point


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_has_the_members_that_attrs_makes(options: dict[str, Any]) -> None:
    ours, theirs = point(frozen, **options), point(attrs.frozen, **options)
    ours(x=1)
    assert set(vars(ours)) == set(vars(theirs))
    assert attrs.fields(ours) == attrs.fields(theirs)
    assert (ours.__slots__, ours.__doc__, ours.kinds) == (theirs.__slots__, theirs.__doc__, 2)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    assert repr(ours(x=1)).startswith("<") == repr(theirs(x=1)).startswith("<")
    assert (ours(x=1) == ours(x=1)) == (theirs(x=1) == theirs(x=1))
    assert (ours.__hash__ is None) == (theirs.__hash__ is None)


def test_records_are_frozen_compared_and_checked() -> None:
    made = point(frozen)(1, 2)
    assert (made, hash(made)) == (copy.copy(made), hash(type(made)(1, 2)))
    assert attrs.evolve(made, x=5).moved().x == 6
    assert type(made.moved()) is type(made)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.x = 3
    with pytest.raises(ValueError, match="must be >= 0"):
        type(made)(1, -1)


@frozen
class Base:
    name: str

    def who(self) -> str:
        return self.name


@frozen
class Derived(Base):
    rank: int = 1

    def who(self) -> str:
        return f"{super().who()} {self.rank}"


def test_records_with_an_order_are_sorted_by_their_fields() -> None:
    place = point(frozen, order=True)
    assert sorted([place(x=2), place(x=1, y=5), place(x=1, y=3)]) == [place(x=1, y=3), place(x=1, y=5), place(x=2)]
    with pytest.raises(TypeError, match="'<' not supported"):
        sorted([place(x=1), 1])


def test_derived_classes_have_the_fields_of_their_bases() -> None:
    assert Derived("Anna", 2).who() == "Anna 2"
    assert [field.name for field in attrs.fields(Derived)] == ["name", "rank"]
    assert Derived("Anna") != Base("Anna")


def test_records_outlive_a_process() -> None:
    assert pickle.loads(pickle.dumps(Derived("Anna", 3))) == Derived("Anna", 3)


def test_attrs_is_not_asked_before_the_class_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    made = attrs.frozen

    def counted(**options: Any) -> Any:
        def decorate(cls: type[Any]) -> Any:
            asked.append(cls.__name__)
            return made(**options)(cls)

        return decorate

    monkeypatch.setattr(module.attrs, "frozen", counted)
    cls = point(frozen)
    assert asked == []
    one, other = cls(1), cls(1)
    assert asked == ["Point"]
    assert one == other
    assert asked == ["Point", "Point"]
    assert (repr(one), hash(one)) == (repr(other), hash(other))
    assert asked == ["Point", "Point"]


def test_what_attrs_must_see_at_once_is_made_at_once() -> None:
    @frozen
    class Fault(Exception):
        code: int

    @frozen
    class Own:
        x: int

        def __init__(self) -> None:
            self.__attrs_init__(7)  # type: ignore[attr-defined]

    assert Fault(3).args == (3,)
    assert Own().x == 7


def test_several_threads_may_be_the_first() -> None:
    cls, together, made = point(frozen), Barrier(4), list[Any]()

    def make() -> None:
        together.wait()
        made.append(cls(1, 2))

    threads = [Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [cls(1, 2)] * 4


def test_fields_are_named_without_making_the_class() -> None:
    @frozen
    class Base:
        common: ClassVar[int] = 3
        x: int
        y: int = 2

    @frozen(kw_only=True)
    class Derived(Base):
        z: int = attrs.field(default=1)

    assert is_attrs(Derived)
    assert not is_attrs(int)
    assert field_names(Base) == ("x", "y")
    assert type(Base.__dict__["__match_args__"]) is not tuple

    @attrs.define
    class Usual(Derived):
        w: int = 0

    assert field_names(Usual) == tuple(one.name for one in attrs.fields(Usual)) == ("x", "y", "z", "w")
    assert field_names(Derived) == ("x", "y", "z")
    assert field_names(int) == ()
    assert not is_attrs(Derived(x=1))
