"""What became of deals: the funnel, who sells what, and how fast."""
