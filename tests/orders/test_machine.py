"""Orders come to a sound end whatever happens to them.

The long run leads life after life for CROSSLANE_SOAK_MINUTES.
"""

import time
from collections import Counter

import pytest

from tests.orders.machine import LONG, SHORT, lead
from tests.orders.world import found_retailer
from tests.patience import soak_minutes


async def test_every_order_comes_to_a_sound_end(database, lanes, shop, payment_provider):
    await lead(database, lanes, shop, payment_provider, SHORT)


@pytest.mark.soak
async def test_every_order_comes_to_a_sound_end_for_long(
    database, lanes, tenants, payment_provider
):
    ends, done = time.monotonic() + soak_minutes() * 60, Counter[str]()
    while time.monotonic() < ends:
        # A shop of its own, because looking at all of a shop takes longer with every life in it.
        shop = await tenants.take()
        await found_retailer(database, shop)
        done += await lead(database, lanes, shop, payment_provider, LONG)
        await tenants.give_back(shop)
    print(dict(sorted(done.items())))
