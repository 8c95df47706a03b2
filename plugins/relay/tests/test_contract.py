"""What every plugin has to hold."""

from __future__ import annotations

import crmkit_relay
from crmkit.testing.contract import PluginContract


class TestContract(PluginContract):
    plugin = crmkit_relay
