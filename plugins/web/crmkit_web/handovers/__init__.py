"""Users who leave: what they hold, who would get it, and passing it on."""
