"""Cost terms as a retailer sets them, on the real database."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from tests.sourcing.world import (
    MORNING,
    Shop,
    draft,
    places_of,
    sourced,
    stocked,
    wish,
)

from crosslane.kernel import new_id
from crosslane.locations import ADD, network
from crosslane.organization import Scope, SetPolicy, set_policy
from crosslane.platform.database import Tx
from crosslane.sourcing import Sourced, SourcingRequest, explain
from crosslane.vendors import PutTerms, PutVendor, TermRow, put_terms, put_vendor

LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)


async def decide(tx: Tx, shop: Shop, *wishes: SourcingRequest) -> list[Sourced]:
    answers = await sourced(tx, shop, *wishes)
    return [answer for answer in answers if isinstance(answer, Sourced)]


async def policy(tx: Tx, kind: str, value: dict[str, Any], *, location: str = "") -> None:
    scope = Scope("location", location) if location else Scope("tenant")
    await set_policy(tx, SetPolicy(kind, value, "tried out", scope, LONG_AGO))


def terms_of(decision: Sourced) -> dict[str, int]:
    (parcel,) = explain(decision.receipt.whole).parcels
    return dict(parcel.terms)


async def test_a_parcel_goes_by_a_faster_service_when_that_is_cheaper_than_being_late(
    shop: Shop, tx: Tx
):
    await stocked(tx, shop, "MUG", DC=10)
    (usual,) = await decide(tx, shop, wish(shop, ("MUG", 1), at=MORNING.replace(hour=16)))
    assert usual.promised_at is not None
    wanted = usual.promised_at - timedelta(days=1)
    late = wish(shop, ("MUG", 1), at=MORNING.replace(hour=16), wanted_at=wanted)
    await policy(tx, "sourcing.settings", {"overdue_milli_per_day": 1})
    (cheap,) = await decide(tx, shop, late)
    assert (cheap.promised_at, cheap.services) == (usual.promised_at, {})
    assert terms_of(cheap)["overdue"] == 1
    await policy(tx, "sourcing.settings", {"overdue_milli_per_day": 5_000_000})
    (dear,) = await decide(tx, shop, late)
    assert dear.promised_at is not None
    assert dear.promised_at <= wanted
    ((location, service),) = dear.services.items()
    assert location == shop.locations["DC"].id
    assert dear.receipt.plan.parcels[0].services == (service,)
    assert terms_of(dear)["express"] > 0
    assert "overdue" not in terms_of(dear)


async def test_what_has_to_be_in_time_is_left_when_nothing_is_fast_enough(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=10)
    asked = wish(shop, ("MUG", 1), wanted_at=MORNING + timedelta(hours=3), in_time=True)
    (found,) = await decide(tx, shop, asked)
    assert places_of(shop, found) == []
    assert {group.rule for group in found.receipt.whole.dropped} == {"too_late"}


async def test_a_pickup_that_is_ready_too_late_is_left_too(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", LEEDS=1)
    store = {"method": "pickup", "store": shop.locations["LEEDS"], "in_time": True}
    ready = MORNING + timedelta(hours=2)
    kept = wish(shop, ("MUG", 1), wanted_at=ready, **store)
    missed = wish(shop, ("MUG", 1), wanted_at=ready - timedelta(minutes=1), **store)
    refused, found = await decide(tx, shop, missed, kept)
    assert places_of(shop, refused) == []
    assert places_of(shop, found) == [("MUG", "LEEDS", 1)]


async def test_units_that_would_be_marked_down_go_first(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=10, LEEDS=4)
    saving = {"category": "mugs", "unit_milli": 5_000_000, "above_units": 2}
    await policy(tx, "sourcing.markdown", {"savings": [saving]}, location="LEEDS")
    found = await decide(tx, shop, *(wish(shop, ("MUG", 1)) for _ in range(3)))
    assert [places_of(shop, each)[0][1] for each in found] == ["LEEDS", "LEEDS", "DC"]
    assert terms_of(found[0])["markdown"] == -5_000_000
    other = {"sku": "BOWL", "unit_milli": 5_000_000}
    await policy(tx, "sourcing.markdown", {"savings": [other]}, location="LEEDS")
    (later,) = await decide(tx, shop, wish(shop, ("MUG", 1)))
    assert places_of(shop, later) == [("MUG", "DC", 1)]


async def test_what_a_unit_earns_decides_whether_it_is_worth_a_parcel(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=10, unit_cost_milli=100_000)
    value = {"goodwill_milli": 0, "terms": ["handling_parcel", "carriage", "margin"]}
    await policy(tx, "sourcing.settings", value)

    def priced(price_milli: int | None) -> SourcingRequest:
        asked = wish(shop, ("MUG", 1))
        (line,) = asked.lines
        again = msgspec.structs.replace(line, price_milli=price_milli)
        return msgspec.structs.replace(asked, lines=[again])

    dear, cheap, unknown = await decide(tx, shop, priced(10**7), priced(150_000), priced(None))
    assert [len(each.placed) for each in (dear, cheap, unknown)] == [1, 0, 0]
    assert [reason for *_, reason in cheap.unfilled] == ["too_costly"]
    assert dear.receipt.whole.problem.lines[0].margin_milli == 10**7 - 100_000


@pytest.mark.parametrize(
    "least", [{"units_min": 3}, {"value_min_minor": 1500}], ids=["units", "value"]
)
async def test_a_vendor_is_not_asked_for_less_than_it_takes_on(
    shop: Shop, database, tenant, lanes, least: dict[str, int]
):
    await lanes.run(tenant, ADD, str(new_id()), draft("V1", "vendor", "ST1 4LY", {"ship"}))
    async with database.transaction(tenant) as tx:
        shop.locations["V1"] = (await network(tx)).by_code["V1"]
        await stocked(tx, shop, "MUG", V1=9)
        await put_vendor(tx, PutVendor(location="V1", currency="GBP", **least))
        term = TermRow("MUG", 500_000, date(2010, 1, 1))
        await put_terms(tx, PutTerms("V1", (term,)))
        little, enough = await decide(tx, shop, wish(shop, ("MUG", 2)), wish(shop, ("MUG", 3)))
    assert places_of(shop, little) == []
    assert {group.rule: group.places for group in little.receipt.whole.dropped} == {
        "below_minimum": ("V1",)
    }
    assert places_of(shop, enough) == [("MUG", "V1", 3)]
