"""Comparing parties: how alike two descriptions of somebody are, why, and by which keys such pairs are found.

Pure: names, keys and scores know no database. ``names`` compares names, ``keys`` makes the keys that candidates are
found by, ``score`` weighs all evidence.
"""

from __future__ import annotations

from crmkit.core.matching.keys import match_keys
from crmkit.core.matching.names import NameMatch, compare_names, name_words
from crmkit.core.matching.party import Party, Place
from crmkit.core.matching.score import Match, Reason, compare

__all__ = ["Match", "NameMatch", "Party", "Place", "Reason", "compare", "compare_names", "match_keys", "name_words"]
