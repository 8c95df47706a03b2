"""Text of records in one spelling: characters that can be written in several ways are written in one, as NFC has them.

A record is composed when it is made, so that two spellings of one name are equal wherever they meet: in memory, in unique
keys, in the audit log. JSON keeps what came in as it came.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Union

from crmkit.core.annotations import hints_of
from crmkit.core.values.text import composed

Composer = Callable[[Any], None]


def composer_of(cls: type[Any]) -> Composer:
    """Return the ``__attrs_post_init__`` of an entity class: it composes texts, words and texts of custom fields."""
    hints = hints_of(cls)
    texts = [name for name, hint in hints.items() if _bare(hint) is str]
    words = [name for name, hint in hints.items() if _bare(hint) == tuple[str, ...]]
    own = getattr(cls, "__attrs_post_init__", None)
    names: dict[str, Any] = {
        "compose": _composer(texts, words),
        "own": None if own is None or hasattr(own, "composes") else own,
    }
    # Nearly every record is in ASCII, or empty where it is not text: asked in one expression.
    plain = [*(f"self.{name}.isascii()" for name in texts), *(f"not self.{name}" for name in words)]
    if "custom" in hints:
        plain.append("not self.custom")
    source = (
        "def __attrs_post_init__(self):\n"
        "    try:\n"
        f"        if not ({' and '.join(plain) or 'True'}):\n"
        "            compose(self)\n"
        "    except AttributeError:\n"
        # A value of another type, which validation will tell of.
        "        compose(self)\n"
    ) + ("    own(self)\n" if names["own"] else "")
    exec(compile(source, f"<composer of {cls.__name__}>", "exec"), names)
    made: Composer = names["__attrs_post_init__"]
    made.composes = True  # type: ignore[attr-defined]
    return made


def _composer(texts: list[str], words: list[str]) -> Composer:
    put = object.__setattr__

    def compose(record: Any) -> None:
        for name in texts:
            text = getattr(record, name)
            # Most texts are in ASCII also where one of them is not.
            if text and isinstance(text, str) and not text.isascii() and (made := composed(text)) is not text:
                put(record, name, made)
        for name in words:
            some = getattr(record, name)
            if isinstance(some, tuple) and (made_words := _words(some)) != some:
                put(record, name, made_words)
        custom = getattr(record, "custom", None)
        if custom and isinstance(custom, Mapping):
            values = {name: _custom(value) for name, value in custom.items()}
            if values != custom:
                put(record, "custom", MappingProxyType(values))

    return compose


def _custom(value: Any) -> Any:
    if isinstance(value, str):
        return composed(value)
    return _words(value) if isinstance(value, tuple) else value


def _words(some: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(composed(word) if isinstance(word, str) else word for word in some)


def _bare(hint: Any) -> Any:
    if typing.get_origin(hint) in (Union, types.UnionType):
        members = [member for member in typing.get_args(hint) if member is not type(None)]
        return members[0] if len(members) == 1 else None
    return hint
