"""Receipts: the exact problem and plan of every decision, so that it can be explained for ever."""

from collections.abc import Sequence

from crosslane.platform.database import Tx
from crosslane.sourcing import storage
from crosslane.sourcing.service.requests import Sourced


async def save_receipts(tx: Tx, decided: Sequence[Sourced]) -> None:
    """Keep what the planner was given and what it answered, by one statement."""
    if decided:
        await storage.insert_receipts(
            tx,
            [
                [one.receipt_id for one in decided],
                [one.request.order_id for one in decided],
                [one.problem.digest for one in decided],
                [one.problem.encode() for one in decided],
                [one.plan.encode() for one in decided],
                [one.plan.cost_milli for one in decided],
                [one.request.currency for one in decided],
            ],
            tx.now,
        )
