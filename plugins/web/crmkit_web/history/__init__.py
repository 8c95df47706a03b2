"""What records were, and who changed them."""
