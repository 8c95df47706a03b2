"""``crmkit sfa quote``: the group of commands, and how they name a quotation."""

from __future__ import annotations

from crmkit.command import argument, group, wording


@group("quote", help=wording("Draw up quotations, have discounts approved, send them and note the answer."))
def quote() -> None:
    pass


which = argument("quote", help=wording("Its number, the newest revision unless named as in Q-2026-00001/1, or its id."))
