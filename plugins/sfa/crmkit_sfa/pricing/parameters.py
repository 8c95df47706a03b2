"""Numbers as commands take them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import click

from crmkit.core.values.money import clean_decimal
from crmkit.plugin import BadInput


class Number(click.ParamType[Decimal]):
    """An exact number such as 12.5 or 1,250."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        if isinstance(value, Decimal):
            return value
        try:
            return clean_decimal(str(value).removesuffix("%"), places=6)
        except BadInput as error:
            self.fail(str(error), param, ctx)


NUMBER = Number()
