"""Words that people type into a search box, as PostgreSQL is asked for them."""

import re

SEARCH_WORDS_MAX = 8

_WORD = re.compile(r"[^\W_]+")


def search_words(query: str) -> str:
    """Return a text query for what has every word, the last letters of each free.

    For ``to_tsvector('simple', ...) @@ to_tsquery('simple', ...)``; empty when there is no word.
    """
    words = _WORD.findall(query.lower())[:SEARCH_WORDS_MAX]
    return " & ".join(f"{word}:*" for word in words)


def like_prefix(query: str) -> str:
    """Return a LIKE pattern for lower-case text that begins with the query."""
    escaped = query.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped + "%"
