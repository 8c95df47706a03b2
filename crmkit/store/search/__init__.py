"""The index of the search: an image of what records are found by, kept beside them and made again when it is lost."""
