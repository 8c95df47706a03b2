"""Prices: lists by currency, customer group, quantity and date, tax rates, and the arithmetic of documents."""
