"""The one error of the value rules: it carries the value and the expectation, so that callers can add the field."""

from __future__ import annotations

from crmkit.core.errors import BadInput
from crmkit.core.messages import Message, msg, shown


class BadValue(BadInput):
    """A value cannot be read. ``value`` is what was given, ``expected`` says what would have been right.

    A caller that knows the field turns it into ``FieldError(path, code, error.value, error.expected)``.
    """

    def __init__(self, value: object, expected: Message) -> None:
        super().__init__(msg("“{value}” cannot be read: expected {expected}", value=shown(value), expected=expected))
        self.value, self.expected = value, expected
