"""What an installation decides about its logs."""

from __future__ import annotations

from typing import Literal

from crmkit.core.frozen import frozen


@frozen(kw_only=True)
class LogSettings:
    """How the command line and workers log, to the standard error; programs that embed crmkit decide for themselves."""

    level: Literal["debug", "info", "warning", "error"] = "warning"
    """The least important lines that are written."""
    format: Literal["text", "json"] = "text"
    """One line for people, or one JSON object a line for programs."""
