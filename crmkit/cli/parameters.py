"""Kinds of values that commands take: days, numbers, percentages and amounts of money, as people write them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import click

from crmkit.cli.words import translate
from crmkit.core.errors import BadInput
from crmkit.core.messages import msg
from crmkit.core.values.money import Money, clean_decimal

_MONEY = re.compile(r"(?P<before>[A-Za-z]{3})?\s*(?P<amount>[^A-Za-z]+?)\s*(?P<after>[A-Za-z]{3})?")


class Day(click.ParamType[date]):
    """A civil date such as 2026-03-15."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value).strip())
        except ValueError:
            self.fail(
                msg("{value} - expected a date such as 2026-03-15", value=str(value)).render(translate()), param, ctx
            )


class Amount(click.ParamType[Money]):
    """Money with its currency, such as 1,250.00 EUR or CNY 800."""

    name = "money"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Money:
        if isinstance(value, Money):
            return value
        found = _MONEY.fullmatch(str(value).strip())
        currency = (found["before"] or found["after"] or "") if found else ""
        try:
            if found is None or not currency or (found["before"] and found["after"]):
                raise BadInput(msg("no currency"))
            return Money(clean_decimal(found["amount"]), currency.upper())
        except BadInput:
            expected = msg("{value} - expected money with its currency, such as 1250 EUR", value=str(value))
            self.fail(expected.render(translate()), param, ctx)


class Number(click.ParamType[Decimal]):
    """An exact number such as 12.5 or 1,250."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        if isinstance(value, Decimal):
            return value
        try:
            return clean_decimal(str(value).removesuffix("%"), places=6)
        except BadInput as error:
            self.fail(error.message.render(translate()), param, ctx)


class Percent(Number):
    """A percentage from 0 to 100, such as 12.5 or 12.5%."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        number = super().convert(value, param, ctx)
        if not 0 <= number <= 100:
            expected = msg("{value} - expected a percentage from 0 to 100", value=str(value))
            self.fail(expected.render(translate()), param, ctx)
        return number


DAY = Day()
NUMBER = Number()
PERCENT = Percent()
MONEY = Amount()
