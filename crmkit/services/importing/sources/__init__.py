"""Readers of the files that people import: CSV, TSV, XLSX, JSON lines, vCard and SQL dumps, all as tables of rows."""

from __future__ import annotations

from crmkit.services.importing.sources.opening import fingerprint, open_sources
from crmkit.services.importing.sources.records import Batch, Source, SourceOptions, SourceRow

__all__ = ["Batch", "Source", "SourceOptions", "SourceRow", "fingerprint", "open_sources"]
