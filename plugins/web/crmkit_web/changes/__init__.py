"""The event log as a feed of changes."""
