"""The face of a package imports a module when something of it is asked for."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import pytest

from crmkit.core.face import face

PACKAGES = ("crmkit.services.merging", "crmkit.services.segments", "crmkit.store.filters")


@pytest.mark.parametrize("name", PACKAGES)
def test_a_face_has_all_that_it_offers(name: str) -> None:
    package = import_module(name)
    assert [offered for offered in package.__all__ if getattr(package, offered, None) is None] == []
    # A module that is imported would take the place of what the face offers.
    modules = {module.name for module in iter_modules(package.__path__)}
    assert modules.isdisjoint(package.__all__)


def test_what_a_face_does_not_have_is_refused_as_ever() -> None:
    ask = face("crmkit.core", {"errors": ("BadInput",)})
    assert ask("BadInput").__module__ == "crmkit.core.errors"
    with pytest.raises(AttributeError, match=r"module 'crmkit.core' has no attribute 'NotFound'"):
        ask("NotFound")
