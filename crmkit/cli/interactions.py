"""``crmkit interaction``: log contacts with customers, show and correct them, and read a customer's timeline."""

from __future__ import annotations

from crmkit.cli.interaction_files import attach_, save
from crmkit.cli.interaction_logging import correct, log
from crmkit.cli.interaction_reading import show, thread_, timeline
from crmkit.cli.localized import group
from crmkit.cli.words import wording


@group("interaction", help=wording("Log contacts with customers, show and correct them, and read timelines."))
def interaction() -> None:
    pass


for _command in (log, show, correct, timeline, thread_, attach_, save):
    interaction.add_command(_command)
