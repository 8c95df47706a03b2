"""The addresses of every entity: lists, single records, and writing them."""
