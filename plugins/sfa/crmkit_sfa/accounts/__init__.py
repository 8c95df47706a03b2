"""Key accounts: the team of a customer, plans with goals and actions, and reviews."""
