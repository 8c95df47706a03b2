"""Assignment: who gets a lead, why, and what happens to those that nobody takes up."""
