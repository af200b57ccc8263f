"""The pure half of channels: canonical messages, and what they make of an order; pure."""
