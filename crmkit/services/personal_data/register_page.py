"""The register of processing as a page of Markdown, for people and for whoever supervises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crmkit.core.messages import Message, Translate, msg
from crmkit.services.personal_data.register import Activity, DataCategory, ProcessingRegister


def register_page(register: ProcessingRegister, translate: Translate | None = None) -> str:
    """Return the register as Markdown, in the language of ``translate``."""
    return "\n".join(_Page(translate).lines(register)) + "\n"


class _Page:
    def __init__(self, translate: Translate | None) -> None:
        self._translate = translate

    def lines(self, register: ProcessingRegister) -> Iterator[str]:
        yield f"# {self._say(msg('Register of processing activities'))}"
        yield ""
        yield from self._pairs(
            (msg("Controller"), register.controller or "-"),
            (msg("Data protection officer"), register.officer or "-"),
            (msg("As of"), register.made_at.date().isoformat()),
        )
        for one in register.activities:
            yield from self._activity(one)
        if register.consents:
            yield from self._heading(msg("Statements of consent"))
            headings = (msg("Purpose"), msg("Channel"), msg("Legal basis"), msg("Statements"))
            rows = [
                (c.purpose, c.channel, c.legal_basis, ", ".join(f"{word} {n}" for word, n in c.statements.items()))
                for c in register.consents
            ]
            yield from self._table(headings, rows)
        yield from self._heading(msg("Technical and organizational measures"))
        yield from (f"- {self._word(measure)}" for measure in register.measures)
        if register.without_purpose:
            yield from self._heading(msg("Personal data without a purpose"))
            yield from self._data(register.without_purpose)
        if register.without_end:
            yield from self._heading(msg("Personal data that no retention rule ends"))
            yield from (f"- {_cell(name)}" for name in register.without_end)

    def _activity(self, one: Activity) -> Iterator[str]:
        activity = one.activity
        yield from self._heading(activity.name)
        yield from self._pairs(
            (msg("Purpose"), activity.purpose),
            (msg("Legal basis"), activity.legal_basis or "-"),
            (msg("Whose data"), ", ".join(activity.subjects)),
            (msg("Recipients"), ", ".join(activity.recipients) or "-"),
            (msg("Transfers"), ", ".join(activity.transfers) or "-"),
            (msg("Plugin"), one.plugin or "-"),
        )
        yield from self._data(one.data)
        if activity.data:
            yield ""
            yield from (f"- {_cell(item)}" for item in activity.data)
        rules: list[tuple[str, ...]] = [(rule.name, rule.entity, rule.filter, rule.action) for rule in one.retention]
        rules += [(rule.name, rule.entity, rule.filter, f"keep {rule.period}") for rule in one.keeps]
        if rules:
            yield ""
            yield from self._table((msg("Rule"), msg("Entity"), msg("Filter"), msg("What happens")), rules)
        if activity.retention:
            yield ""
            yield _cell(activity.retention)

    def _data(self, data: Sequence[DataCategory]) -> Iterator[str]:
        if not data:
            return
        headings = (msg("Data"), msg("Personal fields"), msg("Under special protection"), msg("When erased"))
        rows = [
            (
                self._word(category.label),
                ", ".join(map(self._word, category.personal)),
                ", ".join(map(self._word, category.special)),
                category.erase,
            )
            for category in data
        ]
        yield ""
        yield from self._table(headings, rows)

    def _heading(self, text: Message | str) -> Iterator[str]:
        yield ""
        yield f"## {_cell(self._say(text) if isinstance(text, Message) else text)}"
        yield ""

    def _pairs(self, *pairs: tuple[Message, str]) -> Iterator[str]:
        yield from (f"- **{self._say(name)}:** {_cell(value)}" for name, value in pairs)

    def _table(self, headings: Sequence[Message], rows: Sequence[Sequence[str]]) -> Iterator[str]:
        yield f"| {' | '.join(map(self._say, headings))} |"
        yield f"|{'---|' * len(headings)}"
        yield from (f"| {' | '.join(map(_cell, row))} |" for row in rows)

    def _say(self, message: Message) -> str:
        return message.render(self._translate)

    def _word(self, text: str) -> str:
        return self._translate(text) if self._translate else text


def _cell(text: str) -> str:
    """Return a text that is one line of Markdown and nothing but text."""
    line = " ".join(text.split())
    for mark in ("\\", "|", "`", "*", "_", "<", "["):
        line = line.replace(mark, f"\\{mark}")
    return line
