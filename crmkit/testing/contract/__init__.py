"""What every plugin has to hold, as a class of tests that the tests of a plugin inherit.

class TestContract(PluginContract):
    plugin = crmkit_warranty
"""

from __future__ import annotations

from crmkit.testing.contract.plugin_contract import PluginContract

__all__ = ["PluginContract"]
