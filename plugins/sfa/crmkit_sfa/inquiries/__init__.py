"""Inquiries: requirements that travel to engineering and come back as priced lines."""
