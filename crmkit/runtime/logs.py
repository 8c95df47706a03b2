"""Logs: set up by the program (command line, worker), never by the library, which only writes to its loggers.

Whatever crmkit logs names records by their ids and says nothing of what they hold; an exception is told by its type and
the places it came from, not by its message, which may quote a value. So logs can be kept and sent elsewhere.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from crmkit.core.log_settings import LogSettings

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from crmkit.core.access import Actor
    from crmkit.hooks.causation import Cause

LOGGER = "crmkit"
"""The logger above all of crmkit's; plugins log below it by ``ctx.log``."""

KEYS = ("tenant", "actor", "plugin", "hook", "subscriber", "event", "cause", "job", "worker")
"""What a line may tell beside its message, in this order; given to loggers as ``extra``."""


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and those of ``KEYS`` that are known."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(_circumstances(record))
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """One line for people: time (UTC), level, logger, message, and what is known as ``key=value``."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        parts = [f"{at:%Y-%m-%d %H:%M:%S}", record.levelname.lower(), f"{record.name}:", record.getMessage()]
        parts += [f"{key}={value}" for key, value in _circumstances(record).items()]
        if record.exc_info and record.exc_info[1] is not None:
            error = _error(record.exc_info[1])
            parts.append(f"error={error['type']} at={' < '.join(reversed(error['places'][-3:]))}")
        return " ".join(part.replace("\n", " ") for part in parts)


@contextmanager
def log_to(stream: IO[str], settings: LogSettings, *, verbose: bool = False) -> Iterator[None]:
    """Within the block, have crmkit's loggers write to ``stream`` as the settings say.

    ``verbose`` asks for everything, whatever the settings say. Within another such block, this one counts. Other
    libraries' loggers are left alone.
    """
    logger = logging.getLogger(LOGGER)
    handlers, level = logger.handlers[:], logger.level
    handler = _Handler(stream)
    handler.setFormatter(JsonLines() if settings.format == "json" else TextLines())
    logger.handlers[:] = [*(known for known in handlers if not isinstance(known, _Handler)), handler]
    logger.setLevel(logging.DEBUG if verbose else settings.level.upper())
    try:
        yield
    finally:
        logger.handlers[:] = handlers
        logger.setLevel(level)


class BoundLog(logging.LoggerAdapter[logging.Logger]):
    """A logger that says with every line for whom it works; what ``extra`` adds is kept."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


def plugin_log(plugin: str, actor: Actor, cause: Cause) -> BoundLog:
    """Return the logger of a plugin, ``crmkit.plugins.NAME``, bound to whom and why it works."""
    known = {"tenant": actor.tenant_id, "actor": actor.acting_id, "plugin": plugin, "hook": cause.hook}
    known["cause"] = cause.event_id
    return BoundLog(logging.getLogger(f"{LOGGER}.plugins.{plugin}"), {k: str(v) for k, v in known.items() if v})


class _Handler(logging.StreamHandler[IO[str]]):
    """Told apart from handlers that others have added. A line that cannot be written is no reason to fail."""

    def handleError(self, record: logging.LogRecord) -> None:
        return


def _circumstances(record: logging.LogRecord) -> dict[str, str]:
    found = ((key, getattr(record, key, None)) for key in KEYS)
    return {key: str(value) for key, value in found if value not in (None, "")}


def _error(error: BaseException) -> dict[str, Any]:
    """Return type and places of an exception and of what caused it; its message is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    told: dict[str, Any] = {
        "type": type(error).__qualname__,
        "places": [f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if error.__cause__ is not None and error.__cause__ is not error:
        told["because"] = _error(error.__cause__)
    return told
