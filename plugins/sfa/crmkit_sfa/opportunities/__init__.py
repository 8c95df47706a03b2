"""Opportunities: deals on their way through a pipeline, with lines, people, competitors and their history."""
