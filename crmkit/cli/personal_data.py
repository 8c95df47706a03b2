"""``crmkit personal-data``: what is held on people: hand it out, erase it, keep it no longer than needed, account for it."""

from __future__ import annotations

from crmkit.cli.erasing import erase, erasures, preview, purge, readmit
from crmkit.cli.legal_holds import hold
from crmkit.cli.localized import group
from crmkit.cli.person_export import export
from crmkit.cli.retention import register, retention
from crmkit.cli.words import wording


@group("personal-data", help=wording("Export, erase and retain personal data, and keep the register of processing."))
def personal_data() -> None:
    pass


for _command in (export, preview, erase, erasures, readmit, purge, hold, retention, register):
    personal_data.add_command(_command)
