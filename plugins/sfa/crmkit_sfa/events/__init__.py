"""What the plugin says by name when it happens: its domain events, their payloads, and when they are told."""
