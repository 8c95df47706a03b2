"""What there is: entities, fields, rights, and how the server is."""
