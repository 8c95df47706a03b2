"""``crmkit sfa inquiry``: the group of commands, and what several of them take."""

from __future__ import annotations

from crmkit.command import argument, group, option, wording


@group("inquiry", help=wording("Have configurations and custom builds priced by engineering."))
def inquiry() -> None:
    pass


which = argument("inquiry", help=wording("Its number or id."))
note = option("--note", default="", metavar="TEXT", help=wording("What there is to say."))
