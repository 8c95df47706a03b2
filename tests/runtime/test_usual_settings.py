"""Plugins without settings in the configuration get the usual ones, unless something may be wrong with their class."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import attrs
import pytest

from crmkit.runtime.environment import Surroundings
from crmkit.runtime.structuring import structure
from crmkit.runtime.usual_settings import usual_settings


@attrs.frozen
class Part:
    rate: Decimal = Decimal("0.5")
    since: date | None = None


@attrs.frozen
class Whole:
    words: tuple[str, ...] = ("a",)
    how: Literal["quick", "slow"] = "quick"
    part: Part = attrs.field(factory=Part)
    rates: Mapping[str, Decimal] = attrs.field(factory=dict)


@attrs.frozen
class Needed:
    name: str


@attrs.frozen
class Odd:
    thing: object = None


@attrs.frozen
class OddWithin:
    part: Odd = attrs.field(factory=Odd)


@attrs.frozen
class Unresolvable:
    thing: NoSuchType = None  # type: ignore[name-defined]  # noqa: F821


@attrs.frozen
class Refusing:
    rate: int = attrs.field(default=0, validator=attrs.validators.gt(0))


def test_it_is_what_reading_no_settings_gives() -> None:
    read, errors = structure({}, Whole, "", Surroundings())
    assert (usual_settings(Whole), errors) == (read, [])


@pytest.mark.parametrize("cls", [Needed, Odd, OddWithin, Unresolvable, Refusing], ids=lambda cls: cls.__name__)
def test_what_may_be_wrong_is_left_to_whoever_reads_settings(cls: type[Any]) -> None:
    assert usual_settings(cls) is None
