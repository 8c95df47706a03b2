"""The page on OWASP ASVS names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[4]
NAMED = re.compile(r"`(plugins/\S+\.py)::(test_\w+)`")


def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall((ROOT / "docs" / "explanation" / "asvs.md").read_text("utf-8"))
    assert len(named) > 50
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text("utf-8"), f"{file} has no {name}"
