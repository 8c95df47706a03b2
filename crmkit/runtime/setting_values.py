"""Single values of settings: from what TOML, Python or an environment variable gave to the type that was asked for.

What comes from outside the file is text and is read as what is wanted; inside the file, 2 and "2" are different things.
Everything refused raises ``BadValue``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from crmkit.core.messages import msg
from crmkit.core.values.bad_value import BadValue
from crmkit.runtime.environment import OutsideText, Surroundings
from crmkit.runtime.secrets import HIDDEN, Secret

_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


class BadReference(BadValue):
    """A reference that leads nowhere. Its value is a name, so it may be shown where the setting itself is a secret."""


def resolved(value: Any, around: Surroundings) -> Any:
    """Follow ``{ env = "NAME" }`` and ``{ file = "path" }``."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return value
    ((how, name),) = value.items()
    if how not in ("env", "file") or not isinstance(name, str):
        return value
    if how == "env":
        if not around.environ.get(name):
            raise BadReference(f"env = {name}", msg("an environment variable that is set"))
        return OutsideText(around.environ[name], name)
    try:
        return OutsideText((around.folder / name).read_text("utf-8-sig").rstrip("\r\n"), name)
    except (OSError, ValueError) as error:
        expected = msg("a file of text that can be read ({error})", error=type(error).__name__)
        raise BadReference(f"file = {name}", expected) from None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    raise BadValue(value, msg("a text"))


def _secret(value: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(str(value))
    raise BadValue(HIDDEN, msg('a text, { env = "NAME" } or { file = "path" }'))


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, OutsideText) and value.strip().lower() in _YES | _NO:
        return value.strip().lower() in _YES
    raise BadValue(value, msg("true or false"))


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, OutsideText) and re.fullmatch(r"\s*[+-]?[0-9]{1,30}\s*", value):
        return int(value)
    raise BadValue(value, msg("a whole number"))


def _decimal(value: Any) -> Decimal:
    if isinstance(value, (int, float, str, Decimal)) and not isinstance(value, bool):
        try:
            # repr of a float is the number as it was written.
            number = Decimal(repr(value) if isinstance(value, float) else value)
        except InvalidOperation:
            number = Decimal("nan")
        if number.is_finite():
            return number
    raise BadValue(value, msg("a number such as 0.05"))


def _float(value: Any) -> float:
    if isinstance(value, str) and not isinstance(value, OutsideText):
        raise BadValue(value, msg("a number such as 0.05"))
    return float(_decimal(value))


def _date(value: Any) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            value = str(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise BadValue(value, msg("a date such as 2024-05-17"))


def _instant(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            value = str(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    raise BadValue(value, msg("a date and time with offset such as 2024-05-17T09:30:00+02:00"))


def _path(value: Any) -> Path:
    return Path(_text(value))


def one_of(choices: tuple[Any, ...]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        for choice in choices:
            if value == choice and type(choice) is type(value if not isinstance(value, OutsideText) else ""):
                return choice
            if isinstance(value, OutsideText) and str(choice) == value:
                return choice
        raise BadValue(value, msg("one of {choices}", choices=", ".join(str(choice) for choice in choices)))

    return read


SCALARS: dict[type, Callable[[Any], Any]] = {
    str: _text,
    Secret: _secret,
    bool: _boolean,
    int: _integer,
    Decimal: _decimal,
    float: _float,
    date: _date,
    datetime: _instant,
    Path: _path,
}


def as_table(value: Any) -> Mapping[str, Any]:
    origin = getattr(value, "origin", None)
    if isinstance(value, OutsideText):
        value = _as_toml(value)
    if isinstance(value, Mapping):
        return value
    if origin is not None:
        # Not shown: where a whole table was meant, there may be a secret in it.
        raise BadValue(HIDDEN, msg("a table written as in TOML"))
    raise BadValue(value, msg("a table of settings"))


def as_list(value: Any) -> list[Any]:
    if isinstance(value, OutsideText):
        if not value.strip().startswith("["):
            return [OutsideText(word.strip(), value.origin) for word in value.split(",") if word.strip()]
        value = _as_toml(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    raise BadValue(value, msg("a list"))


def _as_toml(text: OutsideText) -> Any:
    import tomllib

    try:
        return tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except ValueError:
        return str(text)
