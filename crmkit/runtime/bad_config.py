"""The error of wrong settings."""

from __future__ import annotations

from collections.abc import Collection

from crmkit.core.errors import ConfigError, FieldError
from crmkit.core.messages import Translate, msg


class BadConfig(ConfigError):
    """Settings are wrong. ``errors`` holds all of them, ``where`` names the file or other origin."""

    def __init__(self, where: str, errors: Collection[FieldError]) -> None:
        super().__init__(msg("{where}: {count} wrong settings", where=where, count=len(errors)))
        self.where, self.errors = where, tuple(errors)

    def __str__(self) -> str:
        return "; ".join(self.lines())

    def lines(self, translate: Translate | None = None) -> list[str]:
        return [f"{self.where}: {error.render(translate)}" for error in self.errors]
