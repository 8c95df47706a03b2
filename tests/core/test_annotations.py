"""The types that classes are annotated with."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import pytest

from crmkit.core.annotations import hints_of
from crmkit.core.customer import Customer
from crmkit.runtime.config import Config


class Base:
    id: UUID
    nothing: None
    counted: ClassVar[int] = 0
    date: date | None = None


class Derived(Base):
    id: str  # type: ignore[assignment]
    state: Literal["it's", 'a "word"'] | None
    data: Mapping[str, Any]


class Quoted:
    before: date
    other: list["Base"]  # noqa: UP037


class Beside:
    amount: Annotated[int, "in cents"]


class Inner:
    class Name: ...

    own: Name


@pytest.mark.parametrize("cls", [Derived, Quoted, Beside, Customer, Config, object])
def test_the_types_are_those_that_typing_finds(cls: type[Any]) -> None:
    assert list(hints_of(cls).items()) == list(typing.get_type_hints(cls).items())


def test_a_name_of_the_class_itself_is_found_as_well() -> None:
    assert hints_of(Inner) == {"own": Inner.Name}


def test_a_name_that_nobody_knows_is_told_as_typing_does() -> None:
    class Wrong:
        field: nobody_knows_it  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(NameError, match="nobody_knows_it"):
        hints_of(Wrong)
