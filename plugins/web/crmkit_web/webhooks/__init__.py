"""Webhooks: what happens in the CRM is told to addresses elsewhere, signed, in the rights of whoever wants to hear it."""
