"""What channels call articles: kept whoever is the master, and used where no SKU is named."""

import itertools
from typing import Any

from crosslane.channels.storage import articles
from tests.channels.bazaar import AT, Bazaar, about, order


def named(version: int, sku: str, number: str = "P-1", **told: Any) -> dict[str, Any]:
    """A message of an article, named as the channel does."""
    return about("product", number, version, sku=sku, **told)


def counted(
    units: int, name: str = "I-1", number: str = "I-1@7", at: str = AT, **row: Any
) -> dict[str, Any]:
    """A snapshot of one article by the channel's own name of its stock."""
    rows = [{"quantity": units} | ({"article": name} if name else {}) | row]
    return about("supply_snapshot", number, 1, location="S0001", rows=rows, event_at=at)


async def names(bazaar: Bazaar, *skus: str) -> dict[str, dict[articles.Part, str]]:
    async with bazaar.database.transaction(bazaar.tenant, read_only=True) as tx:
        return await articles.list_names(tx, "bazaar", skus)


async def test_stock_by_a_channels_own_name_waits_for_it_and_is_taken(bazaar: Bazaar):
    before = int(await bazaar.on_hand("MUG", "S0001"))
    await bazaar.tell(counted(7))
    assert [(one.state, one.code, one.pointer) for one in await bazaar.messages()] == [
        ("parked", "article-unknown", "/rows/0/sku")
    ]
    # The policy makes the channel the master of nothing; what it calls things is its own to say.
    await bazaar.tell(named(1, "mug", article="V-1", stock="I-1"))
    assert await bazaar.states() == ["applied", "kept"]
    # What has come since it was counted lies there too.
    assert await bazaar.on_hand("MUG", "S0001") == before + 7
    await bazaar.tell(counted(3, "V-1", "V-1@7", at="2011-01-05T11:00:00Z"))
    assert await bazaar.on_hand("MUG", "S0001") == before + 3
    assert await names(bazaar, "MUG", "SPOON") == {"MUG": {"article": "V-1", "stock": "I-1"}}
    await bazaar.assert_sound()


async def test_an_order_by_a_channels_own_names_is_shown_and_placed_once_they_are_told(
    bazaar: Bazaar,
):
    lines = [
        {"article": name, "quantity": 1, "unit_price_milli": 100_000} for name in ("V-1", "V-2")
    ]
    await bazaar.tell(order("B-1", lines=lines))
    assert [(one.state, one.code, one.pointer) for one in await bazaar.messages()] == [
        ("quarantined", "sku-missing", "/lines/0/sku")
    ]
    await bazaar.tell(named(1, "MUG", article="V-1"))
    (waiting, _) = await bazaar.messages()
    assert (waiting.state, waiting.pointer) == ("quarantined", "/lines/1/sku")
    await bazaar.tell(named(1, "SPOON", "P-2", article="V-2"))
    assert await bazaar.states() == ["applied", "kept", "kept"]
    assert await bazaar.units("B-1") == {"MUG": 1, "SPOON": 1}
    await bazaar.assert_sound()


async def test_what_nobody_can_ever_name_is_quarantined(bazaar: Bazaar):
    await bazaar.tell(counted(3, "", gtin="4006381333931"))
    assert [(one.state, one.code) for one in await bazaar.messages()] == [
        ("quarantined", "article-unknown")
    ]


async def test_a_name_means_what_was_said_last_in_any_order(bazaar: Bazaar):
    told = [
        named(1, "SPOON", article="V-1", stock="I-1"),
        named(2, "", article="V-1", stock="I-1"),
        named(3, "MUG", article="V-1", stock="I-1"),
        named(4, "", article="V-2", stock="I-2", gone=True),
        named(2, "SPOON", "P-2", article="V-2", stock="I-2"),
    ]
    for number, sequence in enumerate(itertools.permutations(told)):
        if number % 17:
            continue
        await bazaar.tell(
            *(dict(one, source_id=f"{number}/{one['source_id']}") for one in sequence)
        )
        assert await names(bazaar, "MUG", "SPOON") == {"MUG": {"article": "V-1", "stock": "I-1"}}
        async with bazaar.database.transaction(bazaar.tenant) as tx:
            await tx.execute("delete from channels_article")
