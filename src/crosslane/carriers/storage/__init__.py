"""The SQL of carriers: rates, labels, tracking."""
