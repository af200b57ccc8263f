"""The commands of the ledger: what people change in books, chart and rates."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from crosslane.ledger.domain import LedgerAccount
from crosslane.ledger.service.chart import PutAccount, RateView, SetRate, put_account, set_rate
from crosslane.ledger.service.posting import PostManually, post_manually, reverse
from crosslane.ledger.service.reading import EntryView
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind


class ReverseEntry(msgspec.Struct, frozen=True):
    """Take an entry back.

    Args:
        entry_id: which.
        day: the business day the opposite counts for.
    """

    entry_id: UUID
    day: date


async def _put_account(tx: Tx, commands: Sequence[Command[PutAccount]]) -> list[Any]:
    return [await put_account(tx, command.body) for command in commands]


async def _set_rate(tx: Tx, commands: Sequence[Command[SetRate]]) -> list[Any]:
    return [await set_rate(tx, command.body) for command in commands]


async def _post_manually(tx: Tx, commands: Sequence[Command[PostManually]]) -> list[Any]:
    return [await post_manually(tx, command.body, key=command.key) for command in commands]


async def _reverse(tx: Tx, commands: Sequence[Command[ReverseEntry]]) -> list[Any]:
    return [await reverse(tx, command.body.entry_id, day=command.body.day) for command in commands]


PUT_ACCOUNT = CommandKind(
    "ledger.put_account", PutAccount, LedgerAccount, _put_account, batch_max=1
)
SET_RATE = CommandKind("ledger.set_rate", SetRate, RateView, _set_rate, batch_max=1)
POST_MANUALLY = CommandKind(
    "ledger.post_manually", PostManually, EntryView, _post_manually, batch_max=1
)
REVERSE = CommandKind("ledger.reverse", ReverseEntry, EntryView, _reverse, batch_max=1)

COMMANDS = [PUT_ACCOUNT, SET_RATE, POST_MANUALLY, REVERSE]
