"""Keys that exist already: told as a conflict, with the fields that have to differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import CrmError, FieldError, ValidationFailed
from crmkit.core.messages import msg
from crmkit_web.serving.problems import Problem, pointer_of


@contextmanager
def duplicates_told(info: EntityInfo) -> Iterator[None]:
    """Within, an id or a unique key that exists is raised as Problem 409 with its fields."""
    try:
        yield
    except ValidationFailed as error:
        raise told_as([one for wrong in error.errors for one in by_field(wrong, info)]) from None


def told_as(errors: Sequence[FieldError]) -> CrmError:
    """Return errors as a problem: 409 where they are about keys that exist alone, otherwise 422."""
    if all(error.code == "duplicate" for error in errors):
        return Problem(409, "duplicate", msg("there is such a record already"), errors=errors)
    return ValidationFailed(errors)


def by_field(error: FieldError, info: EntityInfo, prefix: str = "") -> Iterator[FieldError]:
    """Yield an error of several fields as one for each, with JSON pointers below ``prefix``."""
    if error.code == "duplicate" and error.path == info.name:
        # No index of the entity's own was hit, so it is the id.
        yield FieldError(f"{prefix}/id", "duplicate", error.value, error.expected, error.record_id)
        return
    pointer = error.path if error.path.startswith("/") else pointer_of(error.path)
    for name in pointer.split("+"):
        yield FieldError(f"{prefix}/{name.lstrip('/')}", error.code, error.value, error.expected, error.record_id)
