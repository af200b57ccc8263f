"""Verify finds each planted defect of transfers."""

import contextlib
import secrets

import pytest

from crosslane.platform.lane import Lanes
from crosslane.platform.tenants import create_tenant, drop_tenant
from tests.soundness import list_findings
from tests.transfers.play import BY_HAND, Play


@pytest.fixture(scope="module")
async def busy(database):
    """A retailer with a transfer in parts, one in full and one to be sent; defects are undone."""
    tenant = f"t{secrets.token_hex(6)}"
    await create_tenant(database, tenant)
    play = await Play.begin(database, Lanes(database), tenant)
    part = await play.receive(await play.send(await play.ask(10, 3), 8), 5, 1)
    await play.receive(await play.send(await play.ask(4, to="YORK")))
    await play.ask(2)
    await play.react()
    assert part.state == "received"
    yield play
    await drop_tenant(database, tenant)


class Undone(Exception):
    """Nothing of a planted defect stays."""


async def found(play: Play, planted: str) -> set[str]:
    rules: set[str] = set()
    with contextlib.suppress(Undone):
        async with play.transaction() as tx:
            await tx.execute(planted)
            rules = {finding.rule for finding in await list_findings(tx, by_hand=BY_HAND)}
            raise Undone
    return rules


async def test_a_sound_tenant_has_no_findings(busy: Play):
    assert await found(busy, "select 1") == set()


LINE = "update transfers_line set {} where sku = 'MUG' and requested = 10"


@pytest.mark.parametrize(
    ("planted", "rules"),
    [
        (LINE.format("withdrawn = 1"), {"transfers.counters", "transfers.held"}),
        (LINE.format("damaged = 0, received = 6"), {"transfers.counters"}),
        (
            LINE.format("sent = 7"),
            {
                "transfers.counters",
                "transfers.held",
                "transfers.pieces",
                "transfers.moved",
                "transfers.incoming",
            },
        ),
        (
            "update transfers_piece set written_off = 1 where quantity = 8",
            {"transfers.pieces", "finance.transit_valued"},
        ),
        (
            "update transfers_piece set cost_milli = 999000 where quantity = 8",
            {"finance.transit_valued"},
        ),
        (
            "update transfers_transfer set state = 'sent' where state = 'received'",
            {"transfers.states"},
        ),
        (
            "delete from transfers_movement where deed = 'damage'",
            {"transfers.counters"},
        ),
        (
            "delete from inventory_allocation where cause_kind = 'transfer' and quantity = 3",
            {"transfers.held", "inventory.allocations"},
        ),
        (
            "update inventory_incoming set quantity = 7 where quantity = 8",
            {"transfers.incoming"},
        ),
        (
            "update inventory_incoming set received = 5 where received = 6",
            {"transfers.incoming", "inventory.received"},
        ),
        (
            "update inventory_movement set cause_kind = 'order' "
            "where cause_kind = 'transfer' and on_hand_delta = -4",
            {"transfers.moved"},
        ),
        (
            "update finance_transit set posted_minor = posted_minor + 1 where posted_minor > 0",
            {"finance.transit_account", "finance.transit_valued"},
        ),
        (
            "delete from ledger_entry where cause_kind = 'transfers.TransferSent'",
            {
                "finance.transit_account",
                "finance.stock_account",
                "ledger.owned",
                "ledger.tail_is_of_entries",
            },
        ),
    ],
)
async def test_a_planted_defect_is_found(busy: Play, planted: str, rules: set[str]):
    assert await found(busy, planted) == rules
