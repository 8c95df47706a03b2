"""Quotations: versions with frozen lines, approval of discounts, validity, documents and acceptance."""
