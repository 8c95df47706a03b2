"""Mail: read from files and mailboxes, taken in as interactions, and sent."""
