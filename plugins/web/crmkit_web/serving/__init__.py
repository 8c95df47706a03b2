"""Requests and replies: from what comes in over HTTP to a handler in a thread of its own, and back."""
