"""Who gets what: the rules of a hand-over, as written in a file, and the heirs that they name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import attrs

from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg, shown

Progress = Literal["", "open", "closed"]
Split = Literal["count", "value"]

EVERYTHING = "*"
"""In place of an entity: records of all of them."""

OWNER = "@owner"
"""In place of an heir: whoever owns the customer that a record belongs to."""

TEAM = "team:"
"""Before the name of a team, in place of heirs: its active users."""


@frozen(kw_only=True)
class HandOverRule:
    """Gives records to heirs: their logins, ``team:NAME`` for the users of a team, ``@owner`` for the customer's owner.

    It is about the records of ``entity`` (``*``: of all) that match ``filter`` and, where ``progress`` says so, are open
    or closed. With a customer goes everything that belongs to it. ``split`` shares the records out among several heirs
    evenly: by the number of customers, or by the value of these.
    """

    to: tuple[str, ...]
    entity: str = "customer"
    filter: str = ""
    progress: Progress = ""
    split: Split = "count"

    def is_about(self, entity: str) -> bool:
        """Whether it takes records of ``entity``."""
        return self.entity in (entity, EVERYTHING)


@frozen(kw_only=True)
class HandOverRules:
    """The rules in their order; the first that takes a record decides.

    ``reports_to`` is the login of the new superior of those who report to the departing user; empty: that user's own.
    """

    rules: tuple[HandOverRule, ...] = ()
    reports_to: str = ""

    def with_rest(self, *heirs: str, split: Split = "count") -> HandOverRules:
        """Return these rules and a last one, which gives ``heirs`` whatever no other takes."""
        rest = HandOverRule(to=heirs, entity=EVERYTHING, split=split)
        return attrs.evolve(self, rules=(*self.rules, rest)) if heirs else self


def rules_from_toml(text: str) -> HandOverRules:
    """Read rules from TOML; raises BadInput naming the place, the value and what is expected there."""
    try:
        return read_rules(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(msg("not valid TOML: {error}", error=str(error))) from None


def read_rules(data: Mapping[str, Any]) -> HandOverRules:
    """Read rules from plain data: ``rule`` (a list), ``rest`` (heirs of whatever no rule takes) and ``reports_to``.

    Raises BadInput.
    """
    _known(data, ("rule", "rest", "reports_to"), "")
    rows = data.get("rule", ())
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise _wrong("rule", rows, msg("tables, as in [[rule]]"))
    rules = tuple(_rule(row, f"rule[{place}]") for place, row in enumerate(rows))
    reports_to = _text(data, "reports_to", "")
    made = HandOverRules(rules=rules, reports_to=reports_to)
    return made.with_rest(*_words(data["rest"], "rest")) if "rest" in data else made


def plain_rules(rules: HandOverRules) -> dict[str, Any]:
    """Return rules as plain data that ``read_rules`` takes."""
    rows = [{name: value for name, value in attrs.asdict(rule).items() if value} for rule in rules.rules]
    return {"rule": rows, **({"reports_to": rules.reports_to} if rules.reports_to else {})}


def _rule(row: Any, path: str) -> HandOverRule:
    if not isinstance(row, Mapping):
        raise _wrong(path, row, msg("a table"))
    _known(row, [a.name for a in attrs.fields(HandOverRule)], f"{path}.")
    if "to" not in row:
        raise _wrong(f"{path}.to", "", msg("one login or a list of logins"))
    return HandOverRule(
        to=_words(row["to"], f"{path}.to"),
        entity=_text(row, "entity", path) or "customer",
        filter=_text(row, "filter", path),
        progress=_choice(row, "progress", path, get_args(Progress)),
        split=_choice(row, "split", path, get_args(Split)) or "count",
    )


def _known(data: Mapping[str, Any], names: Sequence[str], path: str) -> None:
    for key in data:
        if key not in names:
            raise BadInput(msg("{path}: unknown key; {hint}", path=f"{path}{key}", hint=did_you_mean(key, names)))


def _words(value: Any, path: str) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not words or not all(isinstance(w, str) and w.strip() for w in words):
        raise _wrong(path, value, msg("one login or a list of logins"))
    return tuple(word.strip() for word in words)


def _text(data: Mapping[str, Any], name: str, path: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise _wrong(f"{path}.{name}" if path else name, value, msg("text"))
    return value.strip()


def _choice(data: Mapping[str, Any], name: str, path: str, choices: Sequence[str]) -> Any:
    value = _text(data, name, path)
    if value and value not in choices:
        words = ", ".join(word for word in choices if word)
        raise _wrong(f"{path}.{name}", value, msg("one of {names}", names=words))
    return value


def _wrong(path: str, value: object, expected: Message) -> BadInput:
    return BadInput(msg("{path}: {value} - expected {expected}", path=path, value=shown(value), expected=expected))
