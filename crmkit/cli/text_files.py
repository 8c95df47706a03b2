"""Reading text files that people write for crmkit: rules, lifecycles, mappings."""

from __future__ import annotations

from pathlib import Path

from crmkit.core.errors import BadInput
from crmkit.core.messages import msg


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark. Raises BadInput for other encodings."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(msg("{path} is no text in UTF-8", path=str(path))) from None
