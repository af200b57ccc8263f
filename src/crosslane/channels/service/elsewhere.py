"""What a shop says of orders that are another channel's, which sells in their currency.

A shop that sells in several currencies is several channels here, all connected to it, and each is
sent all it says. An order belongs to the channel of its currency; what is said of it to the others
is kept there.
"""

from collections.abc import Sequence

from crosslane import organization
from crosslane.channels.adapters import Fault
from crosslane.channels.service.connecting import connections
from crosslane.channels.storage import orders as storage
from crosslane.channels.storage.orders import Source
from crosslane.platform.database import Tx

CODE = "of-another-channel"
ELSEWHERE = Fault(CODE, "Its order is another channel's of the same system")


async def sold_by(tx: Tx, channel: str, currency: str) -> str:
    """Return the channel of the same system that sells in a currency, "" when there is none."""
    book = await organization.book(tx)
    found = await _siblings(tx, channel)
    return next((code for code in found if book.channel(code).currency == currency), "")


async def list_elsewhere(tx: Tx, sources: Sequence[Source]) -> set[Source]:
    """Return those orders that are another channel's, each as channel and its number."""
    shared = {channel for channel in {s[0] for s in sources} if await _siblings(tx, channel)}
    asked = [source for source in sources if source[0] in shared]
    return await storage.list_kept(tx, asked, CODE) if asked else set()


async def _siblings(tx: Tx, channel: str) -> list[str]:
    """Return the other channels that are connected to the same system."""
    known = await connections(tx)
    mine = known.get(channel)
    if mine is None or not mine.account:
        return []
    same = (mine.format, mine.account)
    theirs = [code for code, one in known.items() if (one.format, one.account) == same]
    return sorted(code for code in theirs if code != channel)
