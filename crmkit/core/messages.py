"""Translatable messages: an English template and its values, rendered late in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from crmkit.core.frozen import frozen

Translate = Callable[[str], str]
"""Turns an English template into the template of another language (a gettext lookup)."""


@frozen
class Message:
    """A sentence for people. ``template`` is English and the catalogue key; ``values`` fill its ``{names}``."""

    template: str
    values: Mapping[str, Any] = attrs.field(factory=dict)

    def render(self, translate: Translate | None = None) -> str:
        """Return the sentence, translated by ``translate`` when given. Values that are messages are translated too."""
        template = translate(self.template) if translate else self.template
        values = {
            name: value.render(translate) if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return template.format(**values) if values else template

    def __str__(self) -> str:
        return self.render()


def msg(template: str, **values: Any) -> Message:
    """Mark ``template`` for translation and bind its values. The template must be a literal, so that it is extracted."""
    return Message(template, values)


def shown(value: object, limit: int = 60) -> str:
    """Return ``value`` as an error message quotes it: readable, on one line and of bounded length."""
    text = value if isinstance(value, str) else str(value)
    text = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[: limit + 1]
    )
    return f"{text[:limit]}…" if len(text) > limit else text
