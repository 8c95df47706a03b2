"""No search for garbage while an application comes into being, nor through what then is there to stay.

Python looks for circles of objects that nobody needs whenever some thousand objects more are alive, and goes through all of
them each time. Importing and opening make a hundred thousand classes, functions and fields that all stay: a fifth of the
time went into searches that find nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected(lasting: bool = False) -> Iterator[None]:
    """Let nobody search for garbage within the block. For a program that has switched that off, it stays off.

    ``lasting``: what the block makes stays as long as the program runs, as modules do, so later searches leave it out, and
    so does the last one when the program ends.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if lasting and not gc.get_stats()[-1]["collections"]:
            # All that is there by now, too: the program has just begun. Whoever has run long enough for Python to have gone
            # through everything may have circles of its own that it will let go of.
            gc.freeze()
        gc.enable()
