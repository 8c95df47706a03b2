"""No search for garbage while an application comes into being.

Python looks for circles of objects that nobody needs whenever some thousand objects more are alive, and goes through all of
them each time. Importing and opening make a hundred thousand classes, functions and fields that all stay: a tenth of the
time went into searches that find nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let nobody search for garbage within the block. For a program that has switched that off, it stays off."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
