"""The formats of exports: how their files end, and as what they are sent."""

from __future__ import annotations

from collections.abc import Mapping

ENDINGS: Mapping[str, str] = {"csv": "csv", "xlsx": "xlsx", "jsonl": "jsonl", "vcard": "vcf"}
MEDIA_TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl",
    "vcard": "text/vcard; charset=utf-8",
}


def format_of(name: str) -> str:
    """Return the format of an export's file, by its name."""
    ending = name.rpartition(".")[2]
    return next(format for format, one in ENDINGS.items() if one == ending)
