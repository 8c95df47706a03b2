"""What goes out: requests to addresses that somebody gave, and who may be reached by them."""
