"""Blocks: what panels and reports are made of. Data, not HTML: each surface shows them in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message


@frozen
class Fields:
    """Labels with their values."""

    rows: tuple[tuple[Message, Any], ...]
    title: Message | None = None
    kind: Literal["fields"] = "fields"


@frozen
class Metric:
    """One number that matters, and what it was before."""

    label: Message
    value: Any
    before: Any = None
    unit: str = ""
    kind: Literal["metric"] = "metric"


@frozen
class TableColumn:
    """A column of a table. ``entity`` says that its cells are ids of records, to be shown as links."""

    name: str
    label: Message
    entity: str = ""
    numeric: bool = False


@frozen
class Table:
    """Rows under headings; each row holds a value for the name of each column."""

    columns: tuple[TableColumn, ...]
    rows: tuple[Mapping[str, Any], ...]
    title: Message | None = None
    kind: Literal["table"] = "table"


@frozen
class Series:
    """One line, or one set of bars, of a chart."""

    label: Message
    values: tuple[Any, ...]


@frozen
class Chart:
    """Series over the same ``labels``: bars, lines, a funnel or shares of a whole."""

    shape: Literal["bar", "line", "funnel", "pie"]
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    title: Message | None = None
    unit: str = ""
    kind: Literal["chart"] = "chart"


@frozen
class Form:
    """Asks for the input of an action on a record."""

    action: str
    record_id: Any = None
    values: Mapping[str, Any] | None = None
    kind: Literal["form"] = "form"


@frozen
class Timeline:
    """The timeline of a customer or another record."""

    entity: str
    record_id: Any
    kind: Literal["timeline"] = "timeline"


@frozen
class Markdown:
    """A text in CommonMark; HTML in it is shown, not run."""

    text: str
    kind: Literal["markdown"] = "markdown"


Block = Fields | Metric | Table | Chart | Form | Timeline | Markdown
