"""Use cases of publishing."""
