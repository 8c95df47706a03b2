"""What all tests of this repository share: the kit's fixtures, Hypothesis profiles and the data sets."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["crmkit.testing.plugin", "pytester"]

ROOT = Path(__file__).parent
SHARED = ROOT.parent / "shared"

# Neither deadlines nor "too slow": no test measures time by the wall.
_COMMON = settings(
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("quick", _COMMON)
settings.register_profile("thorough", _COMMON, max_examples=1_000)
settings.load_profile("quick")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """Leave what was imported and collected out of the collections of garbage, and let these be few.

    It lasts until the run ends, and is a million objects with what the databases keep: going through all of it again and
    again took a quarter of the time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        gc.enable()


class DataSet(NamedTuple):
    """A folder of files to import. ``real`` tells whether it is the real one, whose figures are known."""

    folder: Path
    real: bool


@pytest.fixture(scope="session")
def data_set() -> Callable[[str], DataSet]:
    """Give a data set by its name: the real one of ``../shared/data``, or the small one of ``tests/data``.

    Where ``../shared`` exists, the real one must be there and the test fails without it; elsewhere the small one is
    used, which has the same files, columns and kinds of faults.
    """

    def find(name: str) -> DataSet:
        real = SHARED.is_dir()
        folder = (SHARED / "data" if real else ROOT / "tests" / "data") / name
        if not folder.is_dir() or not any(folder.iterdir()):
            pytest.fail(f"the data set {name} is missing: {folder} should hold its files", pytrace=False)
        return DataSet(folder, real)

    return find


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder that holds the data sets, real ones where they are to be had; see ``data_set``."""
    folder = SHARED / "data" if SHARED.is_dir() else ROOT / "tests" / "data"
    if not folder.is_dir():
        pytest.fail(f"the data sets are missing: {folder} should hold them", pytrace=False)
    return folder
