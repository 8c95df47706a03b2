"""What happens while opportunities are saved; each hook gets all changes of a save at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.plugin import Context, RecordBatch, Refuse, hookimpl


@hookimpl(specname="derive_records", entities=("sfa_opportunity",))
def derive_opportunities(ctx: Context, call: RecordBatch) -> list[Any]:
    return []


@hookimpl(specname="guard_records", entities=("sfa_opportunity",))
def guard_opportunities(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    return iter(())
