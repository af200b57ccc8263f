"""Use cases of returns."""
