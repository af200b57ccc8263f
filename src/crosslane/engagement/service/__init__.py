"""Use cases of engagement: asking for messages, sending them, reading them."""
