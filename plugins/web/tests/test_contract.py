"""What every plugin has to hold, whatever it is about."""

from __future__ import annotations

import crmkit_web
from crmkit.testing.contract import PluginContract


class TestContract(PluginContract):
    plugin = crmkit_web
