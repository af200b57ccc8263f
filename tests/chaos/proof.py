"""What must be true afterwards, as clients, strangers and journals tell it independently."""

from collections import Counter
from pathlib import Path

import asyncpg
from tests.chaos.crowd import Told
from tests.chaos.site import Site
from tests.payments.fake import eventually

from crosslane.platform.database import schema_of

CALM_SECONDS_MAX = 600.0
# Every unit promised while the journal of its position had none left; nothing else took stock away.
OVERSOLD = """
select coalesce(sum(greatest(0, allocated - greatest(0, on_hand))), 0) from (
    select sum(on_hand_delta) over so_far as on_hand, sum(allocated_delta) over so_far as allocated
    from inventory_movement
    window so_far as (partition by position_id order by movement_no, at)
) as moved
"""
IMBALANCES = """
select count(*) from (
    select 1 from ledger_posting
    group by entry_id, entity_id, currency having sum(minor) <> 0
) as unequal
"""


async def until_settled(site: Site, told: Told) -> None:
    """Wait until every acknowledged order was delivered and charged, and its mails are out."""
    waiting = {placed["id"]: placed["gross_minor"] for placed in told.placed.values()}

    async def settled() -> bool:
        await _replay_refused_mail(site)
        for order_id, gross_minor in list(waiting.items()):
            shown = await site.shop.read(f"orders/{order_id}")
            charged = shown["money"]["captured_minor"] == gross_minor
            if shown["status"] != "delivered" or not charged:
                return False
            messages = await site.shop.read_all(f"orders/{order_id}/messages")
            if {message["state"] for message in messages} != {"sent"}:
                return False
            del waiting[order_id]
        return True

    await eventually(settled, CALM_SECONDS_MAX)


async def _replay_refused_mail(site: Site) -> None:
    """A mail server that says 5xx makes dead letters; people look at them and send them again."""
    for letter in (await site.shop.read("dead-letters"))["items"]:
        assert letter["kind"] == "engagement.send", letter
        answer = await site.shop.client.post(f"dead-letters/{letter['id']}/replays")
        assert answer.is_success or answer.status_code == 404, answer.text


async def assert_nothing_lost_or_doubled(site: Site, told: Told) -> None:
    """Compare what clients were told with what Crosslane, strangers and journals know."""
    assert told.unexpected == []
    placed = {shown["id"]: shown for shown in told.placed.values()}
    known = [shown["id"] for shown in await site.shop.read_all("orders", limit="250")]
    assert sorted(known) == sorted(placed)
    await _assert_charged_once(site, {i: shown["gross_minor"] for i, shown in placed.items()})
    await _assert_labelled_once(site)
    connection = await asyncpg.connect(site.postgres.url)
    try:
        await connection.execute(f"set search_path to {schema_of('shop')}")
        assert await connection.fetchval(OVERSOLD) == 0
        assert await connection.fetchval(IMBALANCES) == 0
    finally:
        await connection.close()
    sold: Counter[str] = Counter()
    for shown in placed.values():
        for line in shown["lines"]:
            sold[line["sku"]] += line["quantity"]
    gone = await _gone(site)
    assert gone == sold
    assert (await site.shop.read("dead-letters"))["items"] == []
    assert (await site.shop.read("parked-events"))["items"] == []
    assert await site.shop.findings() == []


async def _gone(site: Site) -> Counter[str]:
    """Units that left, by SKU: what was received less what lies there."""
    gone: Counter[str] = Counter()
    for position in await site.shop.read_all("inventory/positions"):
        assert position["allocated"] == 0
        gone[position["sku"]] -= position["on_hand"]
    for (sku, _), units in site.stock.items():
        gone[sku] += units
    return +gone


async def _assert_charged_once(site: Site, gross_minor: dict[str, int]) -> None:
    """Compare the provider's own record with the orders."""
    done = [o for o in await site.bank_operations() if o["status"] == "succeeded"]
    order_of = {
        o["authorization"]: o["asked"]["body"].get("order")
        for o in done
        if o["kind"] == "authorize"
    }
    assert Counter(order_of.values()) == Counter(list(gross_minor))
    charged: Counter[str] = Counter()
    for operation in done:
        assert operation["kind"] in ("authorize", "capture"), operation
        if operation["kind"] == "capture":
            charged[order_of[operation["authorization"]]] += operation["minor"]
    assert charged == gross_minor


async def _assert_labelled_once(site: Site) -> None:
    """Compare the carrier's own record with the parcels."""
    made = [label["tracking_number"] for label in await site.carrier_labels()]
    works = await site.shop.read_all("fulfillment-orders", limit="250")
    parcels = [parcel for work in works for parcel in work["parcels"]]
    assert Counter(parcel["tracking_number"] for parcel in parcels) == Counter(made)


async def assert_told_once(site: Site, told: Told, deaths: int, slots: int) -> tuple[int, int]:
    """Every message arrived; only a sender that died can have sent one again.

    Returns:
        Messages, and how many came again.
    """
    expected = 0
    for placed in told.placed.values():
        expected += len(await site.shop.read_all(f"orders/{placed['id']}/messages"))
    assert len(_arrivals(site.mail_path, "kept")) == expected
    taken = _arrivals(site.mail_path, "taken")
    again = sum(taken.values()) - len(taken)
    assert again <= deaths * slots
    return expected, again


def _arrivals(path: Path, what: str) -> Counter[str]:
    lines = [line.split() for line in path.read_text().splitlines()]
    return Counter(name for name, became in lines if became == what)
