"""What families keep between their turns, such as a token they were granted; of this process."""

from crosslane.channels.domain.connection import Connection

MEMORIES_MAX = 1_000

_memories: dict[tuple[str, str], tuple[Connection, dict[str, str]]] = {}


def memory_of(tenant: str, one: Connection) -> dict[str, str]:
    """Return what a family keeps between turns of a connection.

    A connection that was changed begins anew: a token that was granted by one address, or to one
    account, is shown to no other.
    """
    known = _memories.get((tenant, one.channel))
    if known is None or known[0] != one:
        if len(_memories) >= MEMORIES_MAX:
            _memories.clear()
        known = _memories[tenant, one.channel] = one, {}
    return known[1]
