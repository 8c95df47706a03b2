"""The Model Context Protocol: what the API offers, as tools that language models use under the rights of a user."""
