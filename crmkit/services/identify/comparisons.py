"""How Splink compares customers: the columns it sees, which pairs it looks at, and what its model learns from."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from crmkit.core.matching import Party, name_words
from crmkit.core.values.text import search_key

COLUMNS = ("unique_id", "kind", "first_word", "last_word", "birth", "street", "postal", "city", "emails", "phones")

_BLOCKS = (
    ("last_word", "first_word"),
    ("last_word", "postal"),
    ("first_word", "postal"),
    ("birth",),
    ("street",),
    ("last_word", "city"),
    ("first_word", "city"),
)
_SURE = (("first_word", "last_word", "birth"), ("first_word", "last_word", "street"), ("last_word", "street", "birth"))
RECALL = 0.5
"""The share of all duplicates that sure pairs are taken to be."""

_TRAINING = (("first_word", "last_word"), ("birth",), ("street",))
_NUMBER = re.compile(r"\s+")


def columns_of(id: UUID, party: Party) -> dict[str, Any]:
    """Return a party as a row: texts folded, None for what is not known. Of several addresses it has the first."""
    words = name_words(party.names[0]) if party.names else ()
    place = party.places[0] if party.places else None
    return {
        "unique_id": str(id),
        "kind": party.kind or "",
        "first_word": words[0] if len(words) > 1 else None,
        "last_word": words[-1] if words else None,
        "birth": str(party.birth_date) if party.birth_date else None,
        "street": place.key or None if place else None,
        "postal": _NUMBER.sub("", search_key(place.postal_code)) or None if place else None,
        "city": search_key(place.city) or None if place else None,
        "emails": sorted(party.emails) or None,
        "phones": sorted(party.phones) or None,
    }


def present_columns(connection: Any, file: str) -> set[str]:
    """Return the columns of a Parquet file that hold anything; ``connection`` is one of DuckDB."""
    counted = ", ".join(f'count("{name}")' for name in COLUMNS)
    counts = connection.execute(f"SELECT {counted} FROM read_parquet(?)", [file]).fetchone()
    return {name for name, count in zip(COLUMNS, counts, strict=True) if count}


def sure_pairs(connection: Any, file: str) -> int:
    """Return how many pairs in a Parquet file are surely one party.

    They are of one kind, and equal in one of the telling sets of columns. ``connection`` is one of DuckDB.
    """
    found = 0
    for names in _SURE:
        columns = ", ".join(f'"{name}"' for name in ("kind", *names))
        filled = " AND ".join(f"\"{name}\" <> ''" for name in ("kind", *names))
        statement = f"""
            SELECT coalesce(sum(size * (size - 1) // 2), 0)
            FROM (SELECT count(*) AS size FROM read_parquet(?) WHERE {filled} GROUP BY {columns})
        """
        found = max(found, int(connection.execute(statement, [file]).fetchone()[0]))
    return found


def prior(sure: int, size: int) -> float:
    """Return how likely two customers taken at random are one, when so many pairs surely are."""
    return min(0.5, sure / RECALL / (size * (size - 1) / 2))


def settings(present: Collection[str], prior: float) -> Any:
    """Return the model: comparisons of the columns that are ``present``, and rules that say which pairs to look at."""
    import splink.comparison_library as library
    from splink import SettingsCreator

    # Levels go from equal over alike to different; what is None on a side says nothing.
    comparisons = {
        "last_word": library.ForenameSurnameComparison("first_word", "last_word", jaro_winkler_thresholds=[0.92, 0.85]),
        "birth": library.LevenshteinAtThresholds("birth", [1, 2]),
        "street": library.JaroWinklerAtThresholds("street", [0.95, 0.85]),
        "postal": library.LevenshteinAtThresholds("postal", [1]),
        "city": library.JaroWinklerAtThresholds("city", [0.92]),
        "emails": library.ArrayIntersectAtSizes("emails", [1]),
        "phones": library.ArrayIntersectAtSizes("phones", [1]),
    }
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[made for name, made in comparisons.items() if name in present],
        blocking_rules_to_generate_predictions=[*_rules(_BLOCKS, present), *_exploded(present)],
        probability_two_random_records_match=prior,
        retain_matching_columns=False,
    )


def training_rules(present: Collection[str]) -> list[Any]:
    """Return rules whose pairs the weights are learnt from; each teaches the columns that it does not name."""
    return _rules(_TRAINING, present)


def _rules(columns: Collection[tuple[str, ...]], present: Collection[str]) -> list[Any]:
    from splink import block_on

    return [block_on("kind", *names) for names in columns if all(name in present for name in names)]


def _exploded(present: Collection[str]) -> list[Any]:
    from splink import block_on

    return [block_on("kind", name, arrays_to_explode=[name]) for name in ("emails", "phones") if name in present]
