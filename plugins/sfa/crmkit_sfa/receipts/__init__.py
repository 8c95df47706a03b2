"""Receipts: the money that is expected for orders, the money that came in, and which of it pays what."""
