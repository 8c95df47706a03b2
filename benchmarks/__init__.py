"""Benchmarks: each figure is a ratio against a named limit, measured in the same run."""
