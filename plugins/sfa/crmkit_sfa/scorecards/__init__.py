"""Scorecards: dealers, partners and suppliers judged on several criteria, period by period."""
