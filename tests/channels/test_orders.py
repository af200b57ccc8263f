"""Orders by messages: created, changed, cancelled, in any order and once."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane import catalog
from crosslane.channels.domain.standing import wanted_units
from crosslane.channels.errors import NotReplayable, ReplayUnclear
from crosslane.channels.reactions import quarantine_late
from crosslane.channels.service import replaying
from crosslane.kernel import format_instant, new_id
from crosslane.orders import CANCEL, CancelLine, CancelUnits, LineWish
from tests.channels.bazaar import Bazaar, about, order, snapshot
from tests.orders.world import place, wish


async def test_an_order_comes_in_and_is_traced_to_what_it_made(bazaar: Bazaar):
    received = await bazaar.tell(order("B-1", ("MUG", 2), ("LAMP", 1)))
    assert received.counts == {"received": 1}
    (message,) = await bazaar.messages()
    shown = await bazaar.order("B-1")
    assert (message.state, message.order_id, message.code) == ("applied", shown.id, "")
    assert message.order_number == shown.number
    assert await bazaar.units("B-1") == {"MUG": 2, "LAMP": 1}
    assert (await bazaar.batch(received)).counts == {"applied": 1}
    await bazaar.assert_sound()


async def test_the_same_file_again_changes_nothing(bazaar: Bazaar):
    await bazaar.tell(order("B-1"), order("B-2"))
    again = await bazaar.tell(order("B-2"), order("B-1"), order("B-3"), order("B-3"))
    assert (await bazaar.batch(again)).counts == {"repeated": 3, "applied": 1}
    await bazaar.assert_sound()


async def test_a_cancellation_that_comes_first_waits_for_its_order(bazaar: Bazaar):
    await bazaar.tell(about("cancellation"))
    assert await bazaar.states() == ["parked"]
    assert (await bazaar.messages())[0].code == "order-missing"
    await bazaar.tell(order("B-1", ("MUG", 2)))
    assert await bazaar.states() == ["applied", "applied"]
    assert await bazaar.units("B-1") == {}
    await bazaar.tell(about("amendment", version=3, lines=[{"id": "1", "quantity": 1}]))
    assert (await bazaar.states())[-1] == "outdated"
    await bazaar.assert_sound()


async def test_an_older_version_after_a_newer_one_changes_nothing(bazaar: Bazaar):
    await bazaar.tell(order("B-1", ("MUG", 2), ("LAMP", 1), source_version=2))
    await bazaar.tell(order("B-1", ("MUG", 9)))
    assert await bazaar.states() == ["applied", "outdated"]
    assert await bazaar.units("B-1") == {"MUG": 2, "LAMP": 1}
    await bazaar.assert_sound()


async def test_a_newer_version_of_the_whole_order_is_what_counts(bazaar: Bazaar):
    await bazaar.tell(order("B-1", ("MUG", 3), ("LAMP", 2)))
    newer = order("B-1", ("MUG", 1), source_version=2)
    newer["lines"].append({"id": "9", "sku": "SPOON", "quantity": 4, "unit_price_milli": 50_000})
    newer["lines"][0]["unit_price_milli"] = 80_000
    newer["ship_to"] = newer["ship_to"] | {"lines": ["99 Low Street"]}
    await bazaar.tell(newer)
    assert await bazaar.units("B-1") == {"MUG": 1, "SPOON": 4}
    shown = await bazaar.order("B-1")
    assert shown.money.worth_minor == 80 + 4 * 50
    assert shown.ship_to.lines == ("99 Low Street",)
    await bazaar.assert_sound()


async def test_an_amendment_says_how_lines_are_from_now_on(bazaar: Bazaar):
    await bazaar.tell(order("B-1", ("MUG", 2), ("SET", 3)))
    lines = [{"id": "1", "quantity": 5}, {"id": "2", "quantity": 1}]
    await bazaar.tell(about("amendment", lines=lines))
    assert await bazaar.units("B-1") == {"MUG": 5 + 2, "SPOON": 2}
    await bazaar.tell(about("amendment", version=3, lines=[{"id": "1", "quantity": 1}]))
    assert await bazaar.units("B-1") == {"MUG": 1 + 2, "SPOON": 2}
    assert set(await bazaar.states()) == {"applied"}
    await bazaar.assert_sound()


async def test_an_order_that_came_another_way_wakes_what_waits_for_it(bazaar: Bazaar):
    await bazaar.tell(about("amendment", lines=[{"id": "2", "quantity": 0}]))
    lines = [LineWish(sku=sku, quantity=1, unit_price_milli=1000) for sku in ("MUG", "LAMP")]
    asked = wish(*lines, channel="bazaar", source_id="B-1", shipping_minor=0)
    await place(bazaar.lanes, bazaar.tenant, asked)
    await bazaar.work()
    assert await bazaar.states() == ["applied"]
    assert await bazaar.units("B-1") == {"MUG": 1}
    await bazaar.assert_sound()


async def test_an_order_that_came_another_way_before_is_not_changed_by_its_message(bazaar: Bazaar):
    lines = [LineWish(sku=sku, quantity=1, unit_price_milli=100_000) for sku in ("MUG", "LAMP")]
    asked = wish(*lines, channel="bazaar", source_id="B-1", shipping_minor=0)
    placed = await place(bazaar.lanes, bazaar.tenant, asked)
    told = order("B-1", ("MUG", 1), ("LAMP", 1))
    for line, name in zip(told["lines"], ("L-7", "L-8"), strict=True):
        line["id"] = name
    await bazaar.tell(told)
    (message,) = await bazaar.messages()
    assert (message.state, message.order_id) == ("applied", placed.id)
    assert (await bazaar.order("B-1")).amendments == []
    await bazaar.tell(about("amendment", lines=[{"id": "L-7", "quantity": 0}]))
    assert await bazaar.units("B-1") == {"LAMP": 1}
    await bazaar.assert_sound()


async def test_an_order_that_waits_for_its_money_is_let_go_or_cancelled(bazaar: Bazaar):
    waiting = {"stops": [{"kind": "payment", "reason": "pending at the marketplace"}]}
    await bazaar.tell(
        about("payment", "B-2", outcome="refused"),
        order("B-1", **waiting),
        order("B-2", **waiting),
        about("payment", "B-1", outcome="paid"),
    )
    assert set(await bazaar.states()) == {"applied"}
    assert [stop.resolved_at for stop in (await bazaar.order("B-1")).stops] != [None]
    assert await bazaar.units("B-1") == {"MUG": 1}
    assert await bazaar.units("B-2") == {}
    await bazaar.assert_sound()


async def test_what_a_channel_repeats_puts_nothing_back_that_we_have_called_off(bazaar: Bazaar):
    await bazaar.tell(order("B-1", ("MUG", 3), ("SPOON", 1)))
    shown = await bazaar.order("B-1")
    called_off = [CancelLine(line.id, 1) for line in shown.lines]
    cancel = CancelUnits(order_id=shown.id, lines=called_off, reason="broken")
    await bazaar.lanes.run(bazaar.tenant, CANCEL, "by us", cancel)
    told = []
    for version, units in enumerate((3, 4, 2, 2), 2):
        await bazaar.tell(order("B-1", ("MUG", units), ("SPOON", 1), source_version=version))
        told.append(await bazaar.units("B-1"))
    # As before, one more, as many as are left, and the same again.
    assert told == [{"MUG": 2}, {"MUG": 3}, {"MUG": 2}, {"MUG": 2}]
    await bazaar.assert_sound()


@given(told=st.lists(st.integers(0, 9), min_size=1), off=st.integers(0, 9))
def test_units_follow_what_a_channel_says_less_what_we_have_called_off(told: list[int], off: int):
    before = live = told[0]
    for units in told:
        live, before = wanted_units(units, before, live), units
    assert live == told[-1]
    less = max(0, told[-1] - off)
    assert wanted_units(told[-1], told[-1], less) == less


async def test_one_bad_record_stops_no_other(bazaar: Bazaar):
    lines = [json.dumps(order("B-1")), "{broken", json.dumps(order("B-2", sku=1)), "[]"]
    lines += [json.dumps(order("B-3", event_at="2011-01-05T10:00:00")), json.dumps(order("B-4"))]
    lines.append(json.dumps(order("B-5", channel="web")))
    lines.append(json.dumps(order("B-6", lines=[{"id": "x", "sku": "MUG", "quantity": 1}] * 2)))
    await bazaar.send("\n".join(lines))
    await bazaar.work()
    found = [(m.state, m.code, m.pointer) for m in await bazaar.messages()]
    assert found == [
        ("applied", "", ""),
        ("quarantined", "malformed-json", ""),
        ("quarantined", "invalid-field", "/sku"),
        ("quarantined", "invalid-field", ""),
        ("quarantined", "invalid-field", "/event_at"),
        ("applied", "", ""),
        ("quarantined", "other-channel", "/channel"),
        ("quarantined", "line-repeated", "/lines/1/id"),
    ]
    await bazaar.assert_sound()


async def test_a_refused_change_leaves_nothing_half_done(bazaar: Bazaar):
    await bazaar.tell(order("B-1", ("MUG", 2)))
    lines = [{"id": "1", "quantity": 1}, {"id": "2", "sku": "GONE", "quantity": 1}]
    await bazaar.tell(about("amendment", lines=lines))
    (_, message) = await bazaar.messages()
    assert (message.state, message.code) == ("quarantined", "sku-not-on-sale")
    assert await bazaar.units("B-1") == {"MUG": 2}
    await bazaar.assert_sound()


async def test_what_is_mended_is_replayed_one_or_all_of_a_reason(bazaar: Bazaar):
    orders = [order(f"B-{n}", ("NEW", 1)) for n in range(4)]
    await bazaar.tell(*orders, order("B-9", ("OTHER", 1)))
    kept_back = await bazaar.messages(state="quarantined")
    assert {message.code for message in kept_back} == {"sku-not-on-sale"}
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        rows = (catalog.ProductRow("NEW", "home", title="New"),)
        await catalog.import_products(tx, catalog.ImportProducts(rows))
    one = await bazaar.replay(message_ids=(kept_back[0].id,))
    assert (one.announced, await bazaar.units("B-0")) == (1, {"NEW": 1})
    rest = await bazaar.replay(channel="bazaar", code="sku-not-on-sale")
    assert (rest.announced, rest.kept_back, rest.next_after) == (4, 0, None)
    assert await bazaar.states() == ["applied"] * 4 + ["quarantined"]
    with pytest.raises(NotReplayable):
        await bazaar.replay(message_ids=(kept_back[0].id,))
    await bazaar.assert_sound()


async def test_all_of_a_reason_are_tried_though_the_first_stay_behind(
    bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(replaying, "REPLAYED_AT_ONCE_MAX", 2)
    await bazaar.tell(*(order(f"B-{n}", ("GONE", 1)) for n in range(3)), order("B-3", ("NEW", 1)))
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        rows = (catalog.ProductRow("NEW", "home", title="New"),)
        await catalog.import_products(tx, catalog.ImportProducts(rows))
    reason = {"channel": "bazaar", "code": "sku-not-on-sale"}
    first = await bazaar.replay(**reason)
    assert await bazaar.states() == ["quarantined"] * 4
    second = await bazaar.replay(**reason, after=first.next_after)
    assert (second.announced, second.next_after) == (2, None)
    assert await bazaar.units("B-3") == {"NEW": 1}
    with pytest.raises(ReplayUnclear):
        await bazaar.replay(message_ids=(new_id(),), after=first.next_after)


async def test_a_corrected_record_takes_the_place_of_one_that_was_never_applied(bazaar: Bazaar):
    await bazaar.tell(order("B-1", ("GONE", 1)))
    await bazaar.tell(order("B-1", ("MUG", 1)))
    assert await bazaar.states() == ["replaced", "applied"]
    await bazaar.tell(order("B-1", ("MUG", 7)))
    last = (await bazaar.messages())[-1]
    assert (last.state, last.code) == ("quarantined", "version-reused")
    assert await bazaar.units("B-1") == {"MUG": 1}
    await bazaar.assert_sound()


async def test_what_waits_too_long_is_shown_to_somebody(bazaar: Bazaar):
    await bazaar.tell(about("cancellation"))
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        await quarantine_late(tx)
    assert await bazaar.states() == ["parked"]
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        tx.now += timedelta(days=15)
        await quarantine_late(tx)
    found = [(m.state, m.code) for m in await bazaar.messages()]
    assert found == [("quarantined", "order-missing")]
    await bazaar.tell(order("B-1"))
    await bazaar.replay(channel="bazaar", code="order-missing")
    assert await bazaar.units("B-1") == {}
    await bazaar.assert_sound()


async def test_supply_is_sorted_by_its_instants(bazaar: Bazaar):
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        now = tx.now
    noon, one = (format_instant(now - timedelta(minutes=m)) for m in (2, 1))
    delta = about("supply_delta", "D-1", 1, location="S0001", rows=[{"sku": "MUG", "quantity": 2}])
    await bazaar.tell(
        delta | {"event_at": one},
        snapshot("S-2", one, LAMP=8),
        snapshot("S-1", noon, MUG=30, LAMP=5),
    )
    assert await bazaar.on_hand("MUG", "S0001") == 30 + 4 + 2
    assert await bazaar.on_hand("LAMP", "S0001") == 8
    wrong = snapshot("S-3", noon, MUG=1) | {"location": "S9"}
    await bazaar.tell(delta | {"event_at": one}, wrong)
    last = (await bazaar.messages())[-1]
    assert (last.state, last.pointer) == ("quarantined", "/location")
    await bazaar.assert_sound()
