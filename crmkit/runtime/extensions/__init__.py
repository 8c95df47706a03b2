"""What plugins add to the web: collected and checked once, and run for whoever asks, on whichever surface."""

from __future__ import annotations
