"""Showing one record in full: what every ``show`` command does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from crmkit.command import PageTable, print_json, print_page, working
from crmkit.plugin import Context


class Page(Protocol):
    """Everything of one record, as its reader may see it."""

    def facts(self) -> Iterable[tuple[str, Any]]:
        """Give labels and values."""

    def tables(self) -> Iterable[PageTable]:
        """Give what belongs to it."""

    def document(self) -> dict[str, Any]:
        """Return all of it for programs."""


def show_page(make: Callable[[Context], Page], as_json: bool) -> None:
    """Print what ``make`` finds, as JSON or for people."""
    with working(reads=True) as (crm, session):
        page = make(crm.context(session, "sfa"))
    if as_json:
        print_json(page.document())
    else:
        print_page(page.facts(), page.tables())
