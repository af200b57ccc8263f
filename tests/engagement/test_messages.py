import re
from datetime import timedelta

import pytest

from crosslane import catalog, engagement, fulfillment, inventory, locations
from crosslane.customers import Address, EraseCustomer, erase
from crosslane.engagement import RESEND, Resend
from crosslane.engagement.service.sending import Outcome, Send, prepare, record
from crosslane.fulfillment.service.working import ACCEPT, Accept, Pick, PickedLine
from crosslane.kernel import new_id
from crosslane.orders import (
    CANCEL,
    RESOLVE_STOP,
    BuyerWish,
    CancelLine,
    CancelUnits,
    LineWish,
    ResolveStop,
    StopWish,
)
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.effects import EffectCall
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.log import run_reaction
from crosslane.platform.settings import read_settings
from tests.engagement.desk import hurry, messages, settle
from tests.engagement.mailbox import Mailbox, html_of, shown_in, text_of
from tests.fulfillment.floor import pack, pick, queue
from tests.orders.world import HOME, place, set_policy, view, wish


async def test_a_confirmed_order_is_told_once(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2), "LAMP"))
    await settle(database, shop)
    await settle(database, shop)
    (mail,) = mailbox.arrived
    assert mailbox.recipients == [["ada@example.com"]]
    assert mail["Subject"] == f"We have your order {placed.number}"
    assert mail["To"] == "Ada Brown <ada@example.com>"
    assert mail["From"] == "Marlow <orders@shop.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    for body in (text_of(mail), shown_in(mail)):
        assert "Red mug" in body
        assert "£12.00" in body
        assert "Ada Brown" in body
        assert "12 High Street" in body
        assert "https://shop.example/o/cll_" in body
        assert "£40.94" in body  # 2 × 6.00 + 24.99 + delivery 3.95
        assert "{{" not in body
    (message,) = await messages(database, shop, placed.id)
    assert (message.topic, message.state, message.recipient) == (
        "confirmed",
        "sent",
        "ada@example.com",
    )


async def test_a_held_order_is_confirmed_when_its_last_stop_goes(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    stops = [StopWish("manual", "ask"), StopWish("fraud", "look")]
    placed = await place(lanes, shop, wish("MUG", stops=stops))
    await settle(database, shop)
    for stop in (await view(database, shop, placed.id)).stops:
        assert mailbox.arrived == []
        asked = ResolveStop(placed.id, stop.id, "fine")
        await lanes.run(shop, RESOLVE_STOP, str(new_id()), asked)
        await settle(database, shop)
    assert [mail["Subject"] for mail in mailbox.arrived] == [f"We have your order {placed.number}"]


async def test_each_parcel_is_told_with_its_number(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    placed = await place(lanes, shop, wish("MUG", "LAMP"))
    await settle(database, shop)
    for work in await queue(database, shop):
        await pick(lanes, shop, work.id)
        await pack(lanes, shop, work.id)
    await settle(database, shop)
    confirmed, *shipped = mailbox.arrived
    works = await queue(database, shop)
    numbers = {parcel.tracking_number for work in works for parcel in work.parcels}
    assert len(shipped) == len(numbers) == 2
    for mail in shipped:
        assert mail["References"] == confirmed["Message-ID"]
        assert any(number in text_of(mail) for number in numbers)
        assert ("Red mug" in text_of(mail)) != ("Desk lamp" in text_of(mail))
    assert len({mail["Message-ID"] for mail in mailbox.arrived}) == 3
    assert {m.topic for m in await messages(database, shop, placed.id)} == {
        "confirmed",
        "shipped",
    }


async def test_goods_that_lie_ready_are_told_with_their_code(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    line = LineWish(sku="MUG", quantity=2, method="pickup", store="S0001")
    placed = await place(lanes, shop, wish(line, ship_to=None))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    await lanes.run(shop, ACCEPT, str(new_id()), Accept([work.id]))
    await pick(lanes, shop, work.id)
    await settle(database, shop)
    async with database.transaction(shop) as tx:
        (full,) = (await fulfillment.works_by_order(tx, [placed.id]))[placed.id]
    ready = mailbox.arrived[-1]
    assert ready["Subject"] == f"Your order {placed.number} is ready for pickup"
    assert f"Your pickup code: {full.pickup_code}" in text_of(ready)
    assert "Place S0001" in html_of(ready)
    assert "2 × Red mug" in text_of(ready)


async def test_cancellations_are_told_one_by_one(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3), "LAMP"))
    await settle(database, shop)
    shown = await view(database, shop, placed.id)
    mug = next(line for line in shown.lines if line.sku == "MUG")
    for lines in ([CancelLine(mug.id, 1)], []):
        asked = CancelUnits(order_id=placed.id, lines=lines, reason="changed my mind")
        await lanes.run(shop, CANCEL, str(new_id()), asked)
        await settle(database, shop)
    subjects = [mail["Subject"] for mail in mailbox.arrived]
    assert subjects == [
        f"We have your order {placed.number}",
        f"Part of your order {placed.number} was cancelled",
        f"Your order {placed.number} was cancelled",
    ]
    assert "1 × Red mug" in text_of(mailbox.arrived[1])
    assert "Reason: changed my mind" in text_of(mailbox.arrived[1])
    assert "2 × Red mug" in text_of(mailbox.arrived[2])


async def test_waiting_for_stock_is_told_when_it_is_news(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    late = await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=9)))
    await settle(database, shop)
    assert [mail["Subject"] for mail in mailbox.arrived] == [f"We have your order {late.number}"]
    assert "has to come in first" in text_of(mailbox.arrived[0])

    placed = await place(lanes, shop, wish(LineWish(sku="SPOON", quantity=3)))
    await settle(database, shop)
    work = next(w for w in await queue(database, shop) if w.order_id == placed.id)
    line = work.lines[0].line_id
    await pick(lanes, shop, Pick(work.id, [PickedLine(line, picked=1, short=2)]))
    await settle(database, shop)
    told = mailbox.arrived[-1]
    assert told["Subject"] == f"Your order {placed.number} takes longer"
    assert "2 × Tea spoon" in text_of(told)


async def test_events_handled_again_tell_nothing_again(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    async with database.transaction(shop) as tx:
        await tx.execute("delete from platform_cursor where reaction like 'engagement.%'")
    for reaction in engagement.REACTIONS:
        await run_reaction(database, shop, reaction)
    await settle(database, shop)
    assert len(mailbox.arrived) == 1


async def test_nobody_to_send_to_is_no_error(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    placed = await place(lanes, shop, wish("MUG", buyer=BuyerWish(name="Ada Brown")))
    await settle(database, shop)
    (message,) = await messages(database, shop, placed.id)
    assert (message.state, message.reason) == ("not_sendable", "no e-mail address is known")
    assert mailbox.arrived == []


async def test_the_address_of_delivery_may_name_the_mailbox(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    home = Address(
        country="GB",
        lines=("1 Mill Lane",),
        city="Oxford",
        postcode="OX1 4AA",
        name="Grace",
        email="grace@example.com",
    )
    await place(lanes, shop, wish("MUG", buyer=BuyerWish(phone="+441865960001"), ship_to=home))
    await settle(database, shop)
    assert mailbox.recipients == [["grace@example.com"]]


async def test_goods_carried_out_need_no_message(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    line = LineWish(sku="MUG", quantity=1, method="carry_out", store="S0001")
    placed = await place(lanes, shop, wish(line, channel="till", ship_to=None))
    await settle(database, shop)
    assert await messages(database, shop, placed.id) == []


async def test_a_channel_may_keep_quiet(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    async with database.transaction(shop) as tx:
        await set_policy(tx, "engagement.messages", {"topics": ["shipped"]}, "web")
    placed = await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    assert await messages(database, shop, placed.id) == []


@pytest.mark.parametrize("locale", ["de-DE", "de", "de-AT"])
async def test_customers_are_written_to_in_their_language(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox, locale: str
):
    placed = await place(lanes, shop, wish("MUG"))
    async with database.transaction(shop) as tx:
        await tx.execute("update customers_customer set locale = $1", locale)
    await settle(database, shop)
    (mail,) = mailbox.arrived
    assert mail["Subject"] == f"Ihre Bestellung {placed.number} ist bei uns"
    assert re.search(r"6,00\s£|£\s6,00", text_of(mail))
    assert "Summe" in html_of(mail)


async def test_a_server_that_is_busy_is_asked_again(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    mailbox.refusals = ["451 come back later", "451 come back later"]
    placed = await place(lanes, shop, wish("MUG"))
    for _ in range(3):
        await settle(database, shop)
        await hurry(database, shop)
    assert len(mailbox.arrived) == 1
    (message,) = await messages(database, shop, placed.id)
    assert message.state == "sent"


async def test_a_refused_message_fails_and_can_be_sent_again(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    mailbox.refusals = ["550 ada@example.com is unknown here"]
    placed = await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    (message,) = await messages(database, shop, placed.id)
    assert (message.state, message.reason) == (
        "failed",
        "the mail server refuses the message (550)",
    )
    again = await lanes.run(shop, RESEND, "again", Resend(message.id))
    assert (await lanes.run(shop, RESEND, "again", Resend(message.id))).id == again.id
    await settle(database, shop)
    assert len(mailbox.arrived) == 1
    states = [(m.state, m.repeats) for m in await messages(database, shop, placed.id)]
    assert states == [("failed", None), ("sent", message.id)]


async def test_without_a_mail_server_messages_are_kept(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox, tmp_path
):
    engagement.use_settings(read_settings({"CROSSLANE_HOME": str(tmp_path)}))
    placed = await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    (message,) = await messages(database, shop, placed.id)
    assert (message.state, message.reason) == ("not_sendable", "no mail server is set")


async def test_many_messages_cost_no_more_statements_than_one(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    placed = [await place(lanes, shop, wish("MUG")) for _ in range(3)]
    for reaction in engagement.REACTIONS:
        await run_reaction(database, shop, reaction)
    calls = [
        EffectCall(new_id(), str(n), 1, 1, shop, f"{n:032x}", Send(message.id))
        for n, one in enumerate(placed)
        for message in await messages(database, shop, one.id)
    ]
    assert len(calls) == 3
    needed = []
    for some in (calls[:1], calls[1:]):
        async with database.transaction(shop) as tx:
            before = tx.statements
            letters = await prepare(tx, some)
            outcomes = [Outcome("sent", recipient=letter.email) for letter in letters]
            await record(tx, some, outcomes)
            needed.append(tx.statements - before)
    # The first one also reads the tenant, which stays in memory.
    assert needed == [4, 3]
    async with database.transaction(shop) as tx:
        told = await tx.fetch("select trace from platform_log where kind = $1 order by trace",
                              engagement.MessageSent.kind())  # fmt: skip
    assert [row["trace"] for row in told] == [call.trace for call in calls]


async def test_a_message_under_way_is_not_sent_again(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    placed = await place(lanes, shop, wish("MUG"))
    for reaction in engagement.REACTIONS:
        await run_reaction(database, shop, reaction)
    (message,) = await messages(database, shop, placed.id)
    for asked, code in ((message.id, "message-under-way"), (new_id(), "no-such-message")):
        answer = await lanes.submit(shop, RESEND, Command(str(new_id()), SYSTEM, Resend(asked)))
        assert answer.outcome.code == code


async def test_a_forgotten_customer_leaves_no_trace(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    placed = await place(lanes, shop, wish("MUG", ship_to=HOME))
    await settle(database, shop)
    shown = await view(database, shop, placed.id)
    async with database.transaction(shop) as tx:
        await erase(tx, EraseCustomer(shown.customer_id, "asked for"))
    async with database.transaction(shop) as tx:
        dump = await tx.fetch("select to_jsonb(m)::text as row from engagement_message m")
    assert len(dump) == 1
    for word in ("ada", "High Street", "Brown"):
        assert word.lower() not in dump[0]["row"].lower()


async def test_a_date_that_slips_or_is_lost_is_told_and_a_better_one_is_not(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    async def come(quantity: int, days: int, no: int) -> None:
        async with database.transaction(shop) as tx:
            lamp = (await catalog.variants_by_sku(tx, ["LAMP"]))["LAMP"]
            dc = (await locations.network(tx)).require("DC2")
            report = inventory.IncomingReport(
                key=inventory.IncomingKey("erp", "PO-1", lamp.id, dc.id),
                quantity=quantity,
                available_on=(tx.now + timedelta(days=days)).date(),
                as_of=tx.now + timedelta(seconds=no),
                message=str(no),
            )
            await inventory.report_incoming(tx, [report])
        await settle(database, shop)

    await come(1, 30, 1)
    placed = await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=6)))
    await settle(database, shop)
    (confirmed,) = mailbox.arrived
    assert "Some of it has to come in first" in text_of(confirmed)
    assert "Expected by" in text_of(confirmed)
    await come(1, 20, 2)
    assert len(mailbox.arrived) == 1
    await come(1, 50, 3)
    slipped = mailbox.arrived[-1]
    assert slipped["Subject"] == f"Your order {placed.number} takes longer"
    assert "1 × Desk lamp" in text_of(slipped)
    for body in (text_of(slipped), shown_in(slipped)):
        assert "by the day below" in body
        assert "Expected by" in body
    await come(0, 50, 4)
    lost = mailbox.arrived[-1]
    assert "Expected by" not in text_of(lost)
    assert "waiting for new ones" in text_of(lost)
    assert len(mailbox.arrived) == 3
