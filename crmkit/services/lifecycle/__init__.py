"""Lifecycles: define them, move records through their stages, let rules move them, and report on it."""
