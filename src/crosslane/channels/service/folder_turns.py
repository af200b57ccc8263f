"""Turns of looking into the folders of channels: one at a time each."""

import msgspec

from crosslane.channels.service.rounds import Rounds
from crosslane.channels.service.turns import ERRAND as TELLING
from crosslane.channels.storage import pace
from crosslane.platform.database import Tx

EXCHANGE = "channels.exchange"
ERRAND = "folder"
ROUNDS = Rounds(EXCHANGE, ERRAND)


async def skip_documents(tx: Tx, channel: str) -> None:
    """Let the folder begin with the next document: those before went another way."""
    told = (await pace.list_standings(tx, TELLING, [channel])).get(channel)
    standing = await pace.lock_standing(tx, ERRAND, channel)
    if told is not None and standing is not None:
        skipped = msgspec.structs.replace(standing, documents=told.documents)
        await pace.save_standing(tx, skipped)
