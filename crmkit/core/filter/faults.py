"""What is wrong with a filter, and where."""

from __future__ import annotations

from crmkit.core.errors import BadInput
from crmkit.core.messages import Message, Translate, msg, shown


class FilterError(BadInput):
    """A filter cannot be read, or names what it may not. Shown with the filter and a mark below the place.

    ``problem`` says what is wrong. ``position`` counts the characters before the place; it is None, and ``place`` names
    the part, when the filter came as data instead of text.
    """

    code = "bad_filter"

    def __init__(self, problem: Message, text: str = "", position: int | None = None, place: str = "") -> None:
        if position is not None:
            message = msg("filter, character {position}: {problem}", position=position + 1, problem=problem)
        elif place:
            message = msg("filter, {place}: {problem}", place=place, problem=problem)
        else:
            message = msg("filter: {problem}", problem=problem)
        super().__init__(message)
        self.problem, self.text, self.position, self.place = problem, text, position, place

    def lines(self, translate: Translate | None = None) -> list[str]:
        said = super().lines(translate)
        if self.position is None or not self.text:
            return said
        start = max(0, self.position - 40)
        return [*said, "  " + shown(self.text[start:], 80), "  " + " " * (self.position - start) + "^"]


def unresolved(name: str) -> FilterError:
    """Return the error for a segment in a filter that is asked where no segments are known."""
    return FilterError(msg("segment {name} cannot be asked for here, only of stored records", name=shown(name)))


class Unsuitable(Exception):
    """Inside this package: a name or value does not fit. Whoever knows the place turns it into ``FilterError``.

    ``offset`` counts characters from the start of the name or value that was given.
    """

    def __init__(self, problem: Message, offset: int = 0) -> None:
        super().__init__(problem)
        self.problem, self.offset = problem, offset
