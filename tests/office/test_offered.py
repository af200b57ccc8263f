"""What channels are offered: told beside now, drift, caps, why, and all of it told again."""

import pytest

from crosslane.platform.database import Database
from tests.api import Api
from tests.channels.bazaar import snapshot
from tests.channels.offering import CHANNEL, Offering, open_offering
from tests.channels.talking import allowed
from tests.office.pages import Read, look, submit

ADDRESS = "/office/messages/offers"
network = pytest.fixture(allowed)


@pytest.fixture
async def shop(api: Api, database: Database, network: None) -> Offering:
    return await open_offering(database, api.tenant)


async def test_what_a_channel_was_told_stands_beside_what_it_would_be_told_now(
    api: Api, shop: Offering
):
    empty = await look(api.admin, ADDRESS)
    assert "No channel is told of stock or prices" in empty.text
    await shop.offer(prices=True, cap=9, kept_units=1)
    await shop.connect()
    await shop.tell_all_there_is()
    page = await look(api.admin, ADDRESS)
    for text in ("bazaar", "all that is on sale", "kept back: 1", "at most 9", "with prices"):
        assert text in page.text, text
    for text in ("Red mug", "as told", "units over the cap", "£6.00"):
        assert text in page.text, text
    # Something else was sold since: the figure of now differs until it is told.
    await shop.move(LAMP=-3)
    await shop.work()
    moved = await look(api.admin, f"{ADDRESS}?channel={CHANNEL}&state=waiting")
    assert "Desk lamp" in moved.text
    assert "to be told" in moved.text
    assert "Red mug" not in moved.text
    prices = await look(api.admin, f"{ADDRESS}?kind=price&sku=lamp")
    assert "£24.99" in prices.text
    nothing = await look(api.admin, f"{ADDRESS}?sku=GONE")
    assert "No offer fits" in nothing.text


async def test_what_it_says_that_it_has_and_why_it_is_told_what_it_is_told(
    api: Api, shop: Offering
):
    await shop.offer(cap=3)
    await shop.connect()
    await shop.tell_all_there_is()
    async with shop.database.transaction(shop.tenant) as tx:
        now = tx.now
    heard = snapshot("S-1", now.isoformat(), MUG=7) | {"location": "*"}
    await shop.tell(heard)
    drifted = await look(api.admin, f"{ADDRESS}?state=drifted")
    assert "Red mug" in drifted.text
    assert "drifted" in drifted.text
    why = await look(api.admin, f"{ADDRESS}/{CHANNEL}/MUG")
    for text in ("Why 3 is told", "− over the cap", "11", "DC1", "S0001", "counts", "at most 3"):
        assert text in why.text, text
    gone = await api.admin.get(f"{ADDRESS}/{CHANNEL}/GONE")
    assert gone.status_code == 404


async def test_all_stock_is_told_again(api: Api, shop: Offering):
    await shop.offer()
    await shop.connect()
    assert len(await shop.stock()) == 4
    path = f"{ADDRESS}/tell-all"
    form = (await look(api.admin, ADDRESS)).forms[path]
    done = await submit(api.admin, path, form)
    assert (done.status_code, done.headers["location"]) == (303, f"{ADDRESS}?channel={CHANNEL}")
    assert len(await shop.stock()) == 4
    refused = await submit(api.admin, path, {**form, "channel": "web", "_wish": "other"})
    assert refused.status_code == 422
    assert "web" in Read(refused.text).text
