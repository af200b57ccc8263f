from datetime import timedelta

import pytest
from msgspec import ValidationError, json

from crosslane import fulfillment
from crosslane.fulfillment import (
    ACCEPT,
    COLLECT,
    HAND_OVER,
    Accept,
    Collect,
    HandOver,
    Signature,
    errors,
)
from crosslane.fulfillment.service.personal import erase
from crosslane.kernel import new_id
from crosslane.orders import LineWish, Stage, find_order
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.personal import Erasure
from tests.fulfillment.floor import pack, pick, queue, settle
from tests.orders.world import buckets, place, view, wish
from tests.soundness import assert_sound

ANNA = Signature("Anna Berg", "M10 20L40 60L80 20")


async def leaving(database: Database, tenant: str, work) -> list[fulfillment.LeavingParcel]:
    async with database.transaction(tenant, read_only=True) as tx:
        return await fulfillment.list_leaving(tx, work.location_id)


async def test_the_driver_takes_parcels_once(database: Database, shop: str, lanes: Lanes):
    await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2)))
    await settle(database, shop)
    (work,) = await queue(database, shop)

    async def hand_over(**more):
        return await lanes.run(shop, HAND_OVER, str(new_id()), HandOver([work.id], **more))

    await pick(lanes, shop, work.id)
    with pytest.raises(errors.NothingPacked):
        await hand_over()
    await pack(lanes, shop, work.id)
    (unnumbered,) = await leaving(database, shop, work)
    assert (unnumbered.state, unnumbered.tracking_number) == ("packed", "")
    await settle(database, shop)
    (parcel,) = await leaving(database, shop, work)
    assert parcel.state == "shipped"
    assert parcel.tracking_number

    async with database.transaction(shop) as tx:
        at = tx.now - timedelta(minutes=5)
    (done,) = await hand_over(occurred_at=at)
    assert done.parcels == (parcel.id,)
    assert await leaving(database, shop, work) == []
    # Told again, the first time stands.
    (again,) = await hand_over()
    assert again.parcels == ()
    (work,) = await queue(database, shop)
    assert [p.handed_over_at for p in work.parcels] == [at]
    with pytest.raises(errors.NothingPacked):
        await hand_over(parcels=(new_id(),))
    async with database.transaction(shop) as tx:
        told = "select count(*) from platform_log where kind = 'fulfillment.ParcelHandedOver'"
        assert await tx.fetchval(told) == 1
    await assert_sound(database, shop)


async def ready(database: Database, shop: str, lanes: Lanes):
    placed = await place(
        lanes, shop, wish(LineWish(sku="MUG", quantity=1, method="pickup", store="S0001"))
    )
    await settle(database, shop)
    (work,) = await queue(database, shop, order_id=placed.id)
    await lanes.run(shop, ACCEPT, str(new_id()), Accept([work.id]))
    await pick(lanes, shop, work.id)
    return placed, work


async def test_goods_are_given_for_a_signature(database: Database, shop: str, lanes: Lanes):
    placed, work = await ready(database, shop, lanes)
    with pytest.raises(errors.ProofMissing):
        await lanes.run(shop, COLLECT, str(new_id()), Collect(work.id))
    # A signature does not make a wrong code right.
    with pytest.raises(errors.WrongPickupCode):
        await lanes.run(shop, COLLECT, str(new_id()), Collect(work.id, "no", signature=ANNA))
    done = await lanes.run(shop, COLLECT, str(new_id()), Collect(work.id, signature=ANNA))
    assert done.state == "collected"
    sold = buckets(await view(database, shop, placed.id))["MUG"]
    assert sold == {(Stage.HANDED_OVER, "S0001"): 1}
    async with database.transaction(shop) as tx:
        proof = await fulfillment.proof_of(tx, work.id)
        assert proof is not None
        assert (proof.name, proof.strokes) == (ANNA.name, ANNA.strokes)
    await assert_sound(database, shop)


async def test_a_signature_goes_with_its_person(database: Database, shop: str, lanes: Lanes):
    placed, work = await ready(database, shop, lanes)
    await lanes.run(shop, COLLECT, str(new_id()), Collect(work.id, signature=ANNA))
    async with database.transaction(shop) as tx:
        state = await find_order(tx, str(placed.id))
        asked = Erasure(frozenset({state.order.customer_id}), frozenset({"Anna Berg"}))
        erased = {one.place: one.rows for one in await erase(tx, asked)}
        proof = await fulfillment.proof_of(tx, work.id)
    assert erased["fulfillment_proof"] == 1
    assert proof is not None
    assert (proof.name, proof.strokes) == ("erased", "")


@pytest.mark.parametrize("strokes", ["", "M1 1z", "M1 1<script>", "M1 1L2222 1", "M1 1L1 1" * 3000])
def test_strokes_are_a_path_and_nothing_else(strokes: str):
    with pytest.raises(ValidationError):
        json.decode(json.encode({"name": "A", "strokes": strokes}), type=Signature)


async def test_open_work_is_counted(database: Database, shop: str, lanes: Lanes):
    for _ in range(2):
        await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    (first, _) = await queue(database, shop)
    await pick(lanes, shop, first.id)
    async with database.transaction(shop, read_only=True) as tx:
        counted = await fulfillment.count_work(tx, first.location_id)
    assert {state: units for state, units in counted.items() if units} == {
        "accepted": 1,
        "picked": 1,
    }
