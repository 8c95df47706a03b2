"""What people, teams and products are to reach, by metric and period, and how far they have come."""
