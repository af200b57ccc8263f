"""Invented values that are the same on every machine: drawn by hash, never by a random source."""

from hashlib import blake2b


def draw(below: int, *words: object) -> int:
    """Draw a whole number from 0 to ``below - 1``, always the same one for the same words.

    Args:
        below: how many outcomes there are, at least 1.
        words: what the draw is for, a seed among them when the outcome should depend on one.
    """
    if below < 1:
        raise ValueError("a draw needs at least one outcome")
    text = "\x1f".join(map(str, words)).encode()
    return int.from_bytes(blake2b(text, digest_size=16).digest()) % below
