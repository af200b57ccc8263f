"""What channels do with messages."""
