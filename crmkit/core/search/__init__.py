"""What a search looks for and looks into, as pure rules: words of any script, readings, terms, queries and ranks."""
