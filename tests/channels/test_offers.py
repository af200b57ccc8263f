"""What channels are offered: told in full at first, then what differs, until they have it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from crosslane.catalog import ImportProducts, ProductRow, import_products
from crosslane.channels.reactions import SCHEDULES
from crosslane.channels.service import offer_views, offers
from crosslane.kernel import format_instant
from crosslane.platform import facts
from crosslane.platform.database import Database
from crosslane.pricing import ImportPrices, PriceRow, PutPriceList, import_prices, put_price_list
from crosslane.verify import verify
from crosslane.verify.channels_offers import RULES
from tests.api import Api
from tests.channels.bazaar import about
from tests.channels.market import product
from tests.channels.offering import CHANNEL, Offering, hold, open_offering, units_in
from tests.channels.partner import Partner
from tests.channels.talking import allowed
from tests.orders.world import set_policy
from tests.soundness import list_findings

pytestmark = pytest.mark.usefixtures("outside")
(DAILY,) = [one for one in SCHEDULES if one.name == "channels.tell_all_daily"]


@pytest.fixture(autouse=True)
def outside() -> Iterator[None]:
    """Let calls go to this machine."""
    yield from allowed()


@pytest.fixture
async def shop(database: Database, tenant: str) -> Offering:
    return await open_offering(database, tenant)


@pytest.fixture(scope="module")
def partner() -> Iterator[Partner]:
    stranger = Partner()
    yield stranger
    stranger.kill()


async def test_a_channel_is_told_all_at_first_and_then_what_moves(shop: Offering):
    await shop.offer()
    await shop.connect()
    first = await shop.stock()
    assert first == await shop.available()
    assert min(first.values()) > 0
    assert await shop.stock() == {}
    for _ in range(5):
        await shop.move(MUG=1)
        await shop.work()
    before = len(await shop.outgoing())
    # A bundle has more when its scarcest part has; five movements are one telling.
    mugs = first["MUG"] + 5
    assert await shop.stock() == {"MUG": mugs, "SET": min(mugs, first["SPOON"]) // 2}
    assert len(await shop.outgoing()) == before + 1
    await shop.move(MUG=3)
    await shop.move(MUG=-3)
    assert await shop.stock() == {}
    async with shop.database.transaction(shop.tenant, read_only=True) as tx:
        why = await offer_views.explain(tx, CHANNEL, "mug")
    (figure,) = why.figures
    assert (why.refusal, why.waits, figure.told, figure.stands) == ("", False, mugs, mugs)
    assert sum(one.available for one in why.lying if one.counts) == figure.available == mugs
    await shop.assert_sound()


async def test_what_is_told_follows_policies_and_articles(shop: Offering):
    await shop.offer()
    await shop.connect()
    first = await shop.stock()
    await shop.offer(kept_units=2, cap=5, locations=["DC1"])
    told = await shop.stock()
    assert told == {sku: units["*"] for sku, units in (await shop.figures()).items()
                    if units["*"] != first[sku]}  # fmt: skip
    assert max(units["*"] for units in (await shop.figures()).values()) <= 5
    async with shop.database.transaction(shop.tenant) as tx:
        await set_policy(tx, "inventory.safety_stock", {"units": 1_000}, CHANNEL)
    assert set((await shop.stock()).values()) == {0}
    async with shop.database.transaction(shop.tenant) as tx:
        await set_policy(tx, "inventory.safety_stock", {"units": 0}, CHANNEL)
        rows = (ProductRow("LAMP", "home", active=False), ProductRow("VASE", "home"))
        await import_products(tx, ImportProducts(rows))
    again = await shop.stock()
    assert (again["VASE"], again["MUG"]) == (0, 5)
    assert "LAMP" not in again
    async with shop.database.transaction(shop.tenant, read_only=True) as tx:
        why = await offer_views.explain(tx, CHANNEL, "LAMP")
    assert (why.refusal, why.figures[0].told) == ("not-on-sale", 0)
    await shop.assert_sound()


async def test_a_channel_is_offered_what_it_has_named(shop: Offering):
    await shop.offer(sold="named", by_location=True)
    await shop.connect(locations={"7": "DC1", "8": "S0001"})
    assert await shop.stock() == {}
    await shop.tell(product(sku="mug", article="V-1", stock="I-1"))
    await shop.tell_all_there_is()
    told = await shop.fetch()
    assert {one["location"] for one in told} == {"DC1", "S0001"}
    assert {row["article"] for one in told for row in one["rows"]} == {"I-1"}
    assert (await shop.offers()).keys() == {"MUG"}
    assert (await shop.offers())["MUG"]["told"] == (await shop.figures())["MUG"]
    await shop.move(MUG=4)
    await shop.tell_all_there_is()
    assert [one["location"] for one in await shop.fetch()] == ["DC1"]
    # What has no name any more cannot be spoken of.
    await shop.tell(product(2, sku="mug", article="V-1", stock="I-1", gone=True))
    await shop.move(MUG=1)
    assert await shop.stock() == {}
    assert await shop.offers() == {}
    await shop.assert_sound()


async def test_holds_that_run_out_are_told_by_the_clock(shop: Offering):
    await shop.offer()
    await shop.connect()
    first = await shop.stock()
    async with shop.database.transaction(shop.tenant) as tx:
        await hold(tx, "SPOON", 1, 10)
    told = await shop.stock()
    assert told["SPOON"] == first["SPOON"] - 1
    async with shop.database.transaction(shop.tenant) as tx:
        due = await tx.fetchval(
            "select due_at - now() from platform_effect where key like 'offers:%:at:%'"
            " and state = 'due'"
        ) or await tx.fetchval("select look_at - now() from channels_offer where sku = 'SPOON'")
        assert timedelta(minutes=9) < due <= timedelta(minutes=11)
        await tx.execute(
            "update inventory_position set held_until = array[0] where held_until is not null"
        )
        await tx.execute("update channels_offer set look_at = now() where look_at is not null")
        await offers.run(tx, CHANNEL)
    assert await shop.stock() == {sku: first[sku] for sku in told}


async def test_all_is_told_again_once_a_day(shop: Offering):
    await shop.offer(full_at="00:00")
    await shop.connect()
    first = await shop.stock()
    async with shop.database.transaction(shop.tenant) as tx:
        await DAILY.run(tx)
    assert await shop.stock() == {}
    async with shop.database.transaction(shop.tenant) as tx:
        await tx.execute("update channels_offering set full_on = full_on - 1")
        await DAILY.run(tx)
    assert await shop.stock() == first
    async with shop.database.transaction(shop.tenant) as tx:
        await offer_views.tell_all(tx, offer_views.TellAll(CHANNEL))
    await shop.tell_all_there_is()
    (whole,) = await shop.fetch()
    assert (whole["complete"], units_in([whole])) == (True, first)
    await shop.assert_sound()


async def test_what_could_not_be_told_is_said_anew(shop: Offering, partner: Partner):
    await shop.offer()
    partner.say(500, times=2)
    await shop.connect(f"{partner.url}/inbox")
    await shop.tell_all_there_is()
    await shop.move(MUG=3)
    await shop.tell_all_there_is()
    assert units_in(partner.lines()) == await shop.available()
    states = [state for _, state in await shop.said()]
    assert states[-1] == "told"
    assert "superseded" in states
    # No key is asked for twice with two contents.
    assert len({one["key"] for one in partner.documents()}) == len(partner.documents())
    partner.say(422)
    await shop.move(MUG=1)
    await shop.tell_all_there_is()
    mug = (await shop.offers())["MUG"]
    assert (mug["stands"], mug["quiet"]) == ({}, False)
    await shop.move(MUG=1)
    await shop.tell_all_there_is()
    assert units_in(partner.lines())["MUG"] == (await shop.available())["MUG"]
    await shop.assert_sound()


def has(sku: str, units: int, at: datetime, number: int) -> dict[str, Any]:
    """What the channel says that it has."""
    told = about("supply_snapshot", f"H-{number}", 1, location="DC1")
    return told | {"event_at": format_instant(at), "rows": [{"sku": sku, "quantity": units}]}


async def test_what_the_channel_has_is_compared_and_told_again(shop: Offering):
    await shop.offer()
    await shop.connect()
    first = await shop.stock()
    lying = await shop.on_hand("MUG", "DC1")
    async with shop.database.transaction(shop.tenant, read_only=True) as tx:
        now = tx.now
    await shop.tell(has("MUG", first["MUG"], now, 1), has("LAMP", 1, now - timedelta(days=1), 2))
    assert await shop.codes() == [("kept", "offered")] * 2
    assert await shop.stock() == {}
    # More than it may sell is told again at once, less when its orders have had time to come.
    more = has("MUG", first["MUG"] + 9, now + timedelta(seconds=1), 3)
    less = has("SPOON", first["SPOON"] - 1, now + timedelta(seconds=1), 4)
    await shop.tell(more, less)
    async with shop.database.transaction(shop.tenant, read_only=True) as tx:
        drifted = await offer_views.list_offers(
            tx, CHANNEL, kind=None, sku=None, state="drifted", after=None, limit=9
        )
    assert {one.sku for one in drifted} == {"MUG", "SPOON"}
    assert await shop.stock() == {"MUG": first["MUG"]}
    assert not (await shop.offers())["SPOON"]["quiet"]
    assert await shop.on_hand("MUG", "DC1") == lying
    await shop.assert_sound()
    await shop.offer(counts=True)
    await shop.tell(has("MUG", 1, now, 5))
    assert (await shop.codes())[-1] == ("applied", "")


PASSES = timedelta(minutes=75)
GO_BY = """
update pricing_price set valid_from = valid_from - $1::interval, valid_to = valid_to - $1::interval
where valid_to is not null
"""


async def test_prices_are_told_at_their_start_and_their_end(shop: Offering):
    async with shop.database.transaction(shop.tenant) as tx:
        begins, ends = tx.now + timedelta(minutes=70), tx.now + timedelta(minutes=140)
        market = PutPriceList(
            code="market", title="M", currency="GBP", basis="gross", channel=CHANNEL
        )
        await put_price_list(tx, market)
        rows = (
            PriceRow(sku="MUG", unit_price_milli=700_000, valid_from=begins - timedelta(days=1)),
            PriceRow(sku="MUG", unit_price_milli=500_000, valid_from=begins, valid_to=ends),
        )
        await import_prices(tx, ImportPrices(price_list="market", rows=rows))
    await shop.offer(prices=True)
    await shop.connect()

    async def prices() -> list[tuple[int, int | None]]:
        await shop.tell_all_there_is()
        return [
            (one["unit_price_milli"], one.get("was_milli"))
            for one in await shop.fetch()
            if one["type"] == "price" and one["sku"] == "MUG"
        ]

    assert await prices() == [(700_000, None)]
    for expected in ([(500_000, 700_000)], [(700_000, None)]):
        async with shop.database.transaction(shop.tenant) as tx:
            look_at = await tx.fetchval(
                "select look_at from channels_offer where kind = 'price' and sku = 'MUG'"
            )
            assert look_at in (begins, ends)
            # Time goes by.
            await tx.execute(GO_BY, PASSES)
            await tx.execute(
                "update channels_offer set look_at = $1 where look_at is not null", tx.now
            )
            await facts.touch(tx, "pricing.prices")
            await offers.run(tx, CHANNEL)
            begins, ends = begins - PASSES, ends - PASSES
        assert await prices() == expected
    await shop.assert_sound()


DEFECTS = [
    (
        """update channels_offer set asked = '{"*": "nobody"}' where sku = 'LAMP'""",
        "asked_is_waiting",
    ),
    (
        """update channels_offer set stands = '{"*": 99}' where sku = 'MUG'""",
        "stands_as_told_or_heard",
    ),
    (
        """update channels_offer set told = '{"*": 99}', stands = '{}' where sku = 'SPOON'""",
        "told_as_said",
    ),
    ("delete from channels_offering", "looked_after"),
]


async def test_each_planted_defect_of_offers_is_named(shop: Offering):
    await shop.offer()
    await shop.connect()
    await shop.stock()
    async with shop.database.transaction(shop.tenant) as tx:
        assert await list_findings(tx) == []
        for defect, rule in DEFECTS:
            await tx.execute("savepoint sound")
            await tx.execute(defect)
            found = {each.rule for each in await verify(tx, RULES)}
            assert found == {f"channels.{rule}"}, defect
            await tx.execute("rollback to savepoint sound")


async def test_why_a_channel_shows_what_it_shows_is_told(api: Api, database: Database):
    shop = await open_offering(database, api.tenant)
    await shop.offer(kept_units=2, cap=5)
    await shop.connect()
    await shop.stock()
    key = await api.key(["channels:read", "channels:replay"])
    listed = (await key.get(f"/api/v1/channel-offers?channel={CHANNEL}&sku=mug")).json()["items"]
    assert [(one["sku"], one["told"]) for one in listed] == [("MUG", {"*": 5})]
    why = (await key.get(f"/api/v1/channels/{CHANNEL}/offers/mug")).json()
    (figure,) = why["figures"]
    assert figure["units"] == figure["told"] == 5
    assert figure["kept"] == 2
    assert figure["available"] - figure["kept"] - figure["capped"] == 5
    for path, code in (
        (f"/api/v1/channels/{CHANNEL}/offers/NONE", "unknown-sku"),
        ("/api/v1/channels/nowhere/offers/MUG", "unknown-channel"),
        ("/api/v1/channel-offers?channel=nowhere", "unknown-channel"),
    ):
        answer = await key.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    again = await key.post("/api/v1/channel-offers", json={"channel": CHANNEL})
    assert again.json() == {"channel": CHANNEL}
    assert (await shop.stock())["MUG"] == 5
    refused = await key.post("/api/v1/channel-offers", json={"channel": "till"})
    assert refused.json()["code"] == "nothing-offered"
