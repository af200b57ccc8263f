"""Whom an office page names: actors of the log and of decisions, as people call them."""

from collections.abc import Iterable
from uuid import UUID

from crosslane import organization
from crosslane.platform.database import Tx
from crosslane.platform.screens import Words

ACTORS = {"api_key": "API key", "customer": "Customer", "system": "Crosslane", "staff": "Staff"}


async def names_of(tx: Tx, actors: Iterable[str], words: Words) -> dict[str, str]:
    """Return what actors are called, each given as ``kind:id``.

    A member of staff without a record is told by the beginning of its identifier, an API key by
    its public part.
    """
    known = set(actors)
    accounts = {}
    for actor in known:
        kind, _, name = actor.partition(":")
        if kind == "staff":
            accounts[actor] = UUID(name)
    members = await organization.staff_by_account(tx, list(accounts.values()))
    return {
        actor: members[accounts[actor]].name
        if accounts.get(actor) in members
        else _unnamed(actor, words)
        for actor in known
    }


def _unnamed(actor: str, words: Words) -> str:
    kind, _, name = actor.partition(":")
    said = words(ACTORS.get(kind, kind))
    return said if kind == "system" else f"{said} {name[:8]}"
