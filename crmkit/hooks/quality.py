"""Hooks of data quality: what plugins expect of records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context
from crmkit.hooks.setup import Setup

if TYPE_CHECKING:
    from crmkit.core.quality import QualityExpectation


class QualitySpecs:
    """Called at start-up."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_quality_expectations(self, ctx: Context, call: Setup) -> list[QualityExpectation]:
        """Return what the plugin expects of records: of its own entities, or more of others.

        An expectation with the name of one that crmkit has changes it; the installation has the last word.
        """
