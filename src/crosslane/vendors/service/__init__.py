"""Use cases of vendors."""
