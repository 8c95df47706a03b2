"""How ``crmkit quality`` shows reports, work lists and expectations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crmkit.cli.output import clean, shown_value, table
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from crmkit.core.quality_rules import Expected
    from crmkit.core.quality_score import Tally
    from crmkit.services.quality import Problem, QualityReport, QualityRow, WorkItem, WorkPage

BAR = 20
"""Characters of a full bar."""

_PIECES = (("current", "█", "green"), ("valid", "▓", "yellow"), ("present", "▒", "red"), ("expected", "░", "dim"))
"""From good to missing: which count a piece reaches to, how it is drawn without colours, and with."""

_LABELS = {
    "email": wording("Mail address"),
    "phone": wording("Telephone"),
    "address": wording("Postal address"),
    "contact": wording("Contact person"),
    "job": wording("Job"),
    "unique": wording("No duplicate"),
    "fixed": wording("fixed"),
    "variable": wording("variable"),
    "internal": wording("internal"),
    "external": wording("external"),
}
_STATES = {"missing": wording("missing"), "wrong": wording("wrong"), "old": wording("too old")}
_BY = {
    "field": wording("Field"),
    "nature": wording("Nature"),
    "owner": wording("Owner"),
    "team": wording("Team"),
    "source": wording("Source"),
    "origin": wording("Origin"),
    "import": wording("Import"),
    "kind": wording("Kind"),
}
_NONE = {
    "owner": wording("nobody"),
    "team": wording("no team"),
    "source": wording("entered by hand"),
    "import": wording("not imported"),
}


def report_page(made: QualityReport, plural: str) -> Iterator[RenderableType]:
    """Yield the head of a report and its rows, each with a bar."""
    from rich.text import Text

    yield Text(_headline(made, plural), style="bold")
    yield Text("")
    yield (_by_field if made.by == "field" else _by_group)(made)
    yield Text("")
    legend = Text()
    words = (wording("good"), wording("too old"), wording("wrong"), wording("missing"))
    for (_, sign, style), word in zip(_PIECES, words, strict=True):
        legend.append(sign, style).append(f" {translated(word)}   ")
    yield legend


def _headline(made: QualityReport, plural: str) -> str:
    total = made.total
    shares = (
        (wording("completeness"), total.completeness),
        (wording("validity"), total.validity),
        (wording("timeliness"), total.timeliness),
        (wording("uniqueness"), total.uniqueness),
    )
    told = [f"{translated(word)} {_percent(share)}" for word, share in shares if share is not None]
    word = translated(wording("score"))
    return (
        f"{plural}: {total.records:,}   {word} {_score(total.score)}   ({', '.join(told)})"
        if told
        else f"{plural}: {total.records:,}"
    )


def _by_field(made: QualityReport) -> RenderableType:
    headings = [
        wording("Field"),
        wording("Weight"),
        wording("Should have"),
        "",
        wording("Score"),
        wording("Missing"),
        wording("Wrong"),
        wording("Too old"),
        wording("Mean age"),
    ]
    rows = []
    for row in made.rows:
        tally = row.tally
        unique = row.uniqueness is not None
        rows.append(
            [
                label_of(row.key, row.label),
                row.weight,
                tally.expected,
                row,
                _score(row.score),
                "" if unique else tally.expected - tally.present,
                tally.present - tally.valid,
                "" if row.fixed else tally.valid - tally.current,
                "" if row.age is None else _days(row.age),
            ]
        )
    return _with_bars(headings, rows, right=(1, 2, 4, 5, 6, 7, 8))


def _by_group(made: QualityReport) -> RenderableType:
    headings = [
        _BY[made.by],
        wording("Records"),
        "",
        wording("Score"),
        wording("Completeness"),
        wording("Validity"),
        wording("Timeliness"),
        wording("Uniqueness"),
    ]
    rows = [
        [
            _group_label(made.by, row),
            row.records,
            row,
            _score(row.score),
            *[_percent(share) for share in (row.completeness, row.validity, row.timeliness, row.uniqueness)],
        ]
        for row in made.rows
    ]
    return _with_bars(headings, rows, right=(1, 3, 4, 5, 6, 7))


def _group_label(by: str, row: QualityRow) -> str:
    if not row.key:
        return translated(_NONE.get(by, ""))
    return translated(_LABELS.get(row.key, row.label)) if by in ("nature", "origin", "kind") else row.label


def _with_bars(headings: Sequence[str], rows: Sequence[list[Any]], right: Sequence[int]) -> RenderableType:
    """Return a table in which the bar of its tally stands for each row."""
    from rich.text import Text

    from crmkit.services.quality import QualityRow

    made = table([translated(heading) if heading else "" for heading in headings], [], right=right)
    for row in rows:
        made.add_row(*[bar(cell.tally) if isinstance(cell, QualityRow) else Text(shown_value(cell)) for cell in row])
    return made


def bar(tally: Tally) -> Text:
    """Return a bar of ``BAR`` characters: what is good, too old, wrong and missing, each to its share."""
    from rich.text import Text

    drawn, at = Text(), 0
    for name, sign, style in _PIECES:
        # Rounded down, so that a full bar is good throughout.
        to = 0 if tally.expected == 0 else BAR * getattr(tally, name) // tally.expected
        drawn.append(sign * (to - at), style)
        at = max(at, to)
    return drawn


def list_page(page: WorkPage, owners: Mapping[Any, str]) -> RenderableType:
    """Return a work list as a table."""
    headings = [
        wording("Record"),
        wording("Score"),
        wording("What is wrong"),
        wording("Owner"),
        wording("Last contact"),
    ]
    rows = [
        [
            item.title or str(item.id),
            item.score,
            "; ".join(_grouped(item)),
            owners.get(item.owner_id, "" if item.owner_id is None else str(item.owner_id)),
            "" if item.last_contact is None else f"{item.last_contact:%Y-%m-%d}",
        ]
        for item in page.items
    ]
    return table([translated(heading) for heading in headings], rows, right=(1,))


def _grouped(item: WorkItem) -> Iterator[str]:
    """Yield a phrase for each state: ``missing: Mail address, Industry``; and whom a customer may be the same as."""
    for state, word in _STATES.items():
        those = [problem for problem in item.problems if problem.state == state and problem.name != "unique"]
        if those:
            yield f"{translated(word)}: {', '.join(_told(problem) for problem in those)}"
    if any(problem.name == "unique" for problem in item.problems):
        names = ", ".join(clean(name) for _, name in item.twins)
        same = translated(wording("perhaps the same as"))
        yield f"{same} {names}" if names else translated(wording("there twice"))


def _told(problem: Problem) -> str:
    label = label_of(problem.name, problem.label)
    return label if problem.since is None else f"{label} ({problem.since:%Y-%m-%d})"


def expectations_page(found: Sequence[Expected]) -> RenderableType:
    """Return what is expected of an entity as a table."""
    headings = [
        wording("Name"),
        wording("What"),
        wording("Weight"),
        wording("Good for"),
        wording("Expected of"),
        wording("Right if"),
        wording("From"),
    ]
    rows = []
    for one in found:
        said = one.said
        what = (
            f"{said.part} {f'({said.where})' if said.where else ''}".strip()
            if one.part
            else label_of(one.name, one.label)
        )
        days = translated(wording("always")) if one.fixed else _days(Decimal(one.max_age))
        every = translated(wording("all"))
        rows.append([one.name, what, one.weight, days, said.applies or every, said.valid, one.brought_by])
    return table([translated(heading) for heading in headings], rows, right=(2,))


def label_of(name: str, label: str) -> str:
    """Return what people call an expectation, in the language of this run."""
    return translated(_LABELS[name]) if name in _LABELS and label.lower() == name else translated(label)


def _percent(share: Decimal | None) -> str:
    return "" if share is None else f"{share} %"


def _score(score: Decimal | None) -> str:
    return translated(wording("no data")) if score is None else str(score)


def _days(days: Decimal) -> str:
    return translated(wording("{days} days")).format(days=f"{days:.0f}")
