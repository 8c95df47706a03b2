"""Money: exact decimal amounts with an ISO 4217 currency, and reading decimals as people write them."""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.currencies import CURRENT, RETIRED
from crmkit.core.values.pattern import pattern

# Wide enough that sums and products of stored amounts (at most 24 digits before the point) stay exact.
_EXACT = Context(prec=100, rounding=ROUND_HALF_UP)
_MOST_DIGITS = 24
_PLAIN_DIGITS = 18


def is_currency(code: str) -> bool:
    """Tell whether ``code`` is an upper-case ISO 4217 code that has money, in use or withdrawn (old invoices)."""
    return code in CURRENT or code in RETIRED


def minor_units(currency: str) -> int:
    """Return the number of decimals of ``currency``: EUR 2, JPY 0, KWD 3. Raises ``BadInput`` for an unknown code."""
    units = CURRENT.get(currency)
    if units is None:
        units = RETIRED.get(currency)
    if units is None:
        raise BadValue(currency, msg("an ISO 4217 currency code in capitals such as EUR"))
    return units


def round_half_up(x: Decimal, places: int) -> Decimal:
    """Return ``x`` with ``places`` decimals, halves away from zero: 2.345 to 2.35, -2.345 to -2.35."""
    return x.quantize(Decimal(1).scaleb(-places), context=_EXACT)


@frozen
class Money:
    """An exact amount in one currency. Amounts of different currencies are never mixed: that raises ``BadInput``."""

    amount: Decimal
    currency: str

    def __attrs_post_init__(self) -> None:
        amount = self.amount
        if not isinstance(amount, Decimal) or not amount.is_finite() or amount.adjusted() >= _MOST_DIGITS:
            raise BadValue(amount, msg("a finite decimal amount of at most {n} digits, never a float", n=_MOST_DIGITS))
        if self.currency not in CURRENT:
            minor_units(self.currency)

    @classmethod
    def of(cls, amount: Decimal | int | str, currency: str) -> Money:
        """Return the money of a decimal, integer or plain decimal text: ``Money.of("12.30", "EUR")``."""
        if isinstance(amount, bool) or not isinstance(amount, Decimal | int | str):
            raise BadValue(amount, msg("a decimal amount such as 12.30, never a float"))
        try:
            return cls(Decimal(amount), currency)
        except InvalidOperation:
            raise BadValue(amount, msg("a decimal amount such as 12.30")) from None

    def rounded(self) -> Money:
        """Return the amount rounded half up to the currency's minor unit."""
        return Money(round_half_up(self.amount, minor_units(self.currency)), self.currency)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __neg__(self) -> Money:
        return Money(self.amount.copy_negate(), self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(_EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(_EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        if isinstance(factor, bool) or not isinstance(factor, Decimal | int):
            raise BadValue(factor, msg("a decimal or integer factor, never a float"))
        return Money(_EXACT.multiply(self.amount, Decimal(factor)), self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def _same(self, other: object) -> Decimal:
        if not isinstance(other, Money):
            raise BadValue(other, msg("money in {currency}", currency=self.currency))
        if other.currency != self.currency:
            raise BadValue(other, msg("money in {currency}; convert it first", currency=self.currency))
        return other.amount


_UNIT = r"[A-Z]{3}|[^\W\d_]{0,3}[$¢£¤¥₠-⃀]|[元円원]|kr\.?|zł|Kč|Fr\."
_DRESSED = pattern(
    rf"(?P<sign>[-+]?)\s*(?P<before>{_UNIT})?\s*(?P<inner>[-+]?)\s*(?P<digits>[0-9.,][0-9.,'\u2019\s]*)(?P<after>{_UNIT})?"
)
_SCIENTIFIC = pattern(r"[-+]?[0-9]+(?:\.[0-9]+)?[eE][-+]?[0-9]{1,3}")
_PLAIN = pattern(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
# Groups of three, or of two before the last three as India writes lakhs.
_GROUPED = pattern(r"[0-9]{1,3}(?:g[0-9]{3})+|[0-9]{1,2}(?:g[0-9]{2})*g[0-9]{3}")
_LONGEST = 80


def clean_decimal(value: object, places: int = 4, decimal_mark: str | None = None) -> Decimal:
    """Return the number that ``value`` (text, integer or Decimal) means, half up to ``places``, without trailing zeros.

    Takes ``1,234.56``, ``1.234,56``, ``1 234,5``, ``1'234.50``, ``12,34,567.00``, full-width digits, a sign or brackets
    for negative amounts, and a currency sign or code on either side. Of two different marks the last is the decimal
    one. A lone comma before exactly three digits groups thousands (``1,200`` is 1200), a lone point never does
    (``1.200`` is 1.2); give ``decimal_mark`` ("." or ",") where the file's convention is known. Raises ``BadInput``.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _PLAIN_DIGITS and places >= 0:
        # A whole number without any dress, as most are.
        return Decimal(value)
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        number = Decimal(value)
    elif isinstance(value, str):
        number = _read(value, decimal_mark)
    else:
        raise BadValue(value, msg("a number such as 1234.56, as text or decimal, never a float"))
    if not number.is_finite() or number.adjusted() >= _MOST_DIGITS:
        raise BadValue(value, msg("a finite number of at most {n} digits", n=_MOST_DIGITS))
    rounded = round_half_up(number, places) if number.adjusted() >= -places - 1 else Decimal(0)
    return Decimal(f"{rounded:f}".rstrip("0").rstrip(".") if places > 0 else rounded) if rounded else Decimal(0)


def _read(raw: str, decimal_mark: str | None) -> Decimal:
    text = unicodedata.normalize("NFKC", raw).strip().replace("\N{MINUS SIGN}", "-")
    negative = text.startswith("(") and text.endswith(")")
    if negative:
        text = text[1:-1].strip()
    if _SCIENTIFIC.fullmatch(text) and not negative:
        return Decimal(text)
    found = _DRESSED.fullmatch(text) if len(text) <= _LONGEST else None
    digits = _point_form(found["digits"].strip(), decimal_mark) if found and _known_unit(found) else None
    signs = (found["sign"] + found["inner"]) if found else ""
    if digits is None or len(signs) > 1 or (negative and signs):
        raise BadValue(raw, msg("a number such as 1234.56, 1,234.56 or 1.234,56"))
    number = Decimal(digits)
    return -number if negative or signs == "-" else number


def _known_unit(found: re.Match[str]) -> bool:
    """Tell whether there is at most one currency, and a real one."""
    before, after = found["before"], found["after"]
    unit = before or after
    return not (before and after) and (unit is None or not unit.isalpha() or len(unit) < 3 or _is_unit(unit))


def _is_unit(code: str) -> bool:
    return code == "RMB" or is_currency(code)


def _point_form(digits: str, decimal_mark: str | None) -> str | None:
    """Return ``digits`` with a point as the decimal mark and no grouping, or None when they make no number."""
    text = re.sub(r"\s", " ", digits).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    mark = decimal_mark or _decimal_mark(text)
    whole, _, fraction = text.rpartition(mark) if mark in text else (text, "", "")
    groupings = set(whole) - set("0123456789")
    if groupings:
        (grouping,) = groupings if len(groupings) == 1 else (mark,)
        # Every group has the same mark, which is not the decimal one.
        if grouping == mark or not _GROUPED.fullmatch(whole.replace(grouping, "g")):
            return None
        whole = whole.replace(grouping, "")
    plain = f"{whole}.{fraction}" if fraction else whole
    return plain if _PLAIN.fullmatch(plain) else None


def _decimal_mark(text: str) -> str:
    """Return which of point and comma is the decimal mark of ``text``."""
    points, commas = text.count("."), text.count(",")
    if points and commas:
        return "." if text.rindex(".") > text.rindex(",") else ","
    if commas == 1:
        return "." if re.fullmatch(r"[1-9][0-9]{0,2},[0-9]{3}", text) else ","
    return "," if points > 1 else "."
