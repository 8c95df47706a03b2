"""Documents: records and values as JSON, and back."""
