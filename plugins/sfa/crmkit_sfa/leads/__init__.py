"""Leads: interest that nobody has looked into yet, from first touch to conversion."""
