"""Nouns and pure decisions of the carriers module."""
