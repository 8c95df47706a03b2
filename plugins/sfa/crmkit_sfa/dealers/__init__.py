"""Dealers: organizations whose users sell for us. Offers of leads and deals, registered deals, progress, and the exit."""
