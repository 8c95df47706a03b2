"""Groups of records."""
