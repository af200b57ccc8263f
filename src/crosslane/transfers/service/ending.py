"""Giving up: what will not be sent goes back to its stock, what will not come is written off."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from uuid import UUID

from crosslane import inventory
from crosslane.platform import audit
from crosslane.platform.audit import Change
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one
from crosslane.transfers import domain, storage
from crosslane.transfers.domain import Transfer
from crosslane.transfers.errors import NothingToClose, NothingToSend
from crosslane.transfers.events import TransferClosed
from crosslane.transfers.service.reading import TransferView, open_transfer, view
from crosslane.transfers.service.saving import (
    KIND,
    Journal,
    advance,
    announce,
    event_of,
    give_up,
    save,
    units_of,
)
from crosslane.transfers.service.wishes import CancelTransfer, CloseTransfer


async def cancel(tx: Tx, wish: CancelTransfer) -> TransferView:
    """Take back what has not been sent; a transfer of which nothing has been sent is cancelled.

    Raises:
        NoSuchTransfer: there is none.
        NothingToSend: all of it has been sent, or taken back before.
    """
    transfer = await open_transfer(tx, wish.transfer)
    if not transfer.to_send:
        raise NothingToSend
    journal = Journal(tx, None)
    rest = [(line, domain.withdraw(line)) for line in transfer.lines]
    told = await give_up(tx, [(transfer, rest)], journal)
    advance(transfer, tx.now)
    await save(tx, [transfer], journal, told)
    await _audit(tx, "transfers.cancel", transfer, wish.note)
    return await view(tx, transfer)


async def close(tx: Tx, wish: CloseTransfer) -> TransferView:
    """Write off what is on its way or came besides, and what was still to be sent.

    Raises:
        NoSuchTransfer: there is none.
        NothingToClose: nothing differs.
    """
    transfer = await open_transfer(tx, wish.transfer)
    if not any(line.on_way for line in transfer.lines):
        raise NothingToClose(state=transfer.state)
    journal = Journal(tx, None)
    rest = [(line, domain.withdraw(line)) for line in transfer.lines]
    told = await give_up(tx, [(transfer, rest)], journal)
    lost = [(line, domain.write_off(line)) for line in transfer.lines]
    for line, units in lost:
        journal.note(transfer, line, "write_off", units, wish.code)
    advance(transfer, tx.now)
    await announce(tx, transfer)
    closed = event_of(
        TransferClosed,
        transfer,
        tx.now,
        units=units_of(lost),
        code=wish.code,
        transit_minor=transfer.transit_minor,
    )
    await save(tx, [transfer], journal, [*told, closed])
    await _audit(tx, "transfers.close", transfer, wish.note)
    return await view(tx, transfer)


async def give_up_lost(tx: Tx, position_ids: Sequence[UUID]) -> None:
    """Withdraw units that were to be sent and turned out not to be there."""
    short: dict[UUID, Counter[UUID]] = defaultdict(Counter)
    for one in await inventory.list_losing(tx, position_ids):
        if one.cause_kind == KIND:
            short[one.cause_id][one.line_id] += one.quantity
    transfers = await storage.lock_transfers(tx, list(short))
    given_up = [
        (one, [(line, domain.withdraw(line, short[one.id][line.id])) for line in one.lines])
        for one in transfers.values()
    ]
    journal = Journal(tx, None)
    told = await give_up(tx, given_up, journal, short=True)
    if told:
        for one in transfers.values():
            advance(one, tx.now)
        await save(tx, list(transfers.values()), journal, told)


async def _audit(tx: Tx, action: str, transfer: Transfer, reason: str) -> None:
    after = {"number": transfer.number, "state": transfer.state}
    subject = f"transfer:{transfer.id}"
    await audit.record(tx, [Change(action=action, subject=subject, after=after, reason=reason)])


CANCEL = one_by_one("transfers.cancel", CancelTransfer, TransferView, cancel)
CLOSE = one_by_one("transfers.close", CloseTransfer, TransferView, close)
