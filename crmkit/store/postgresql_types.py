"""Column types that PostgreSQL alone has. Imported when one is needed: the dialect takes its time."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect


class RawJsonb(postgresql.JSONB):
    """JSONB whose values pass as JSON text: the text is made once, by ``Json``, for both databases."""

    def bind_processor(self, dialect: Dialect) -> None:
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        return None
