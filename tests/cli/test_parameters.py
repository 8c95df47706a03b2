"""Days and money as people write them on the command line."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from crmkit.cli.localized import argument, command
from crmkit.cli.parameters import DAY, MONEY


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1250 EUR", "1250 EUR"), ("EUR 1,250.55", "1250.55 EUR"), ("800cny", "800 CNY"), ("-3 usd", "-3 USD")],
)
def test_money_is_read_with_its_currency(text: str, shown: str) -> None:
    assert str(MONEY.convert(text, None, None)) == shown


@pytest.mark.parametrize("text", ["1250", "EUR", "EUR 3 USD", "3 XXQ", "three EUR", ""])
def test_what_is_no_money_says_what_was_expected(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected money with its currency, such as 1250 EUR"):
        MONEY.convert(text, None, None)


def test_a_day_is_a_civil_date() -> None:
    assert DAY.convert(" 2026-03-15 ", None, None).isoformat() == "2026-03-15"
    with pytest.raises(click.BadParameter, match="expected a date such as 2026-03-15"):
        DAY.convert("15.3.2026", None, None)


@command("give", help="Give.")
@argument("amount", type=MONEY, help="How much.")
def give(amount: object) -> None:
    click.echo(f"given {amount}")


def test_a_negative_amount_is_a_value_and_no_option() -> None:
    assert CliRunner().invoke(give, ["-5 EUR"]).output == "given -5 EUR\n"
    assert "No such option" in CliRunner().invoke(give, ["5 EUR", "--amuont"]).output
