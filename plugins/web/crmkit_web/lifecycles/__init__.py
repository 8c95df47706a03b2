"""The stages of records."""
