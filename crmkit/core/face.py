"""The face of a package whose modules are imported when something of them is first asked for.

Whoever imports one module of a package runs its ``__init__``; a face that imports every module there makes all pay for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def face(package: str, modules: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package: ``modules`` says which of its modules has which names.

    No name may be that of a module as well. To type checkers the package says the same with imports of its own.
    """
    homes = {name: module for module, names in modules.items() for name in names}

    def __getattr__(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return __getattr__
