"""What is likely to be sold: forecasts by category, what managers make of them, and how good they were."""
