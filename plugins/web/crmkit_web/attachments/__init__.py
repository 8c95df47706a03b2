"""Files that come with interactions."""
