"""Names within the limit of databases."""

from __future__ import annotations

LONGEST_NAME = 63
"""PostgreSQL's limit for identifiers."""


def short_name(*parts: str) -> str:
    """Return a name of at most 63 characters, ending in a digest when it had to be cut."""
    name = "_".join(parts)
    if len(name) <= LONGEST_NAME:
        return name
    import hashlib

    return f"{name[: LONGEST_NAME - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
