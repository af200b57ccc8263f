"""What customers are told of their returns, once per step, in their language."""

from datetime import UTC, datetime

import pytest

from crosslane.kernel import new_id
from crosslane.orders import LineWish
from crosslane.platform import log
from crosslane.returns import (
    ReceivedUnits,
    Return,
    ReturnAuthorized,
    ReturnCancelled,
    ReturnDeclined,
    ReturnExpired,
    ReturnReceived,
    ReturnRequested,
    ReturnSettled,
    SettledLine,
)
from tests.engagement.desk import messages, settle
from tests.engagement.mailbox import html_of, shown_in, text_of
from tests.finance.test_books import till_sale
from tests.fulfillment.floor import pack, pick, queue
from tests.orders.world import place, wish
from tests.returns.planted import NUMBER, plant

OTHER = "R000002-W"


@pytest.fixture
async def told(database, shop, lanes, mailbox):
    """Tell an event of a return of two of an order's three mugs, and return what was written."""

    async def tell(make, locale="en-GB", asked=None, **fields):
        placed = await place(lanes, shop, asked or wish(LineWish(sku="MUG", quantity=3)))
        await settle(database, shop)
        mailbox.arrived.clear()
        async with database.transaction(shop) as tx:
            await tx.execute("update customers_customer set locale = $1", locale)
            back = await plant(tx, placed.id, expires_at=tx.now, **fields)
            await log.append(tx, [make(back)])
        await settle(database, shop)
        await settle(database, shop)
        return placed, list(mailbox.arrived)

    return tell


def about(back: Return) -> dict:
    return {"return_id": back.id, "order_id": back.order_id, "channel_id": back.channel_id}


def authorized(back: Return) -> ReturnAuthorized:
    return ReturnAuthorized(**about(back), method=back.method, expires_at=back.expires_at)


def received(back: Return) -> ReturnReceived:
    (line,) = back.lines
    units = ReceivedUnits(
        line_id=line.id, order_line_id=line.order_line_id, variant_id=line.variant_id, quantity=1
    )
    return ReturnReceived(
        **about(back),
        location_id=new_id(),
        units=[units],
        awaited=True,
        occurred_at=back.occurred_at,
    )


def settled(back: Return) -> ReturnSettled:
    (line,) = back.lines
    goods = SettledLine(
        order_line_id=line.order_line_id,
        variant_id=line.variant_id,
        sku=line.sku,
        sold_at=None,
        received_at=None,
        quantity=2,
        net_minor=1_000,
        tax_minor=200,
        tax_rate_bp=2000,
        jurisdiction="GB",
    )
    return ReturnSettled(
        **about(back),
        return_kind="return",
        selling_entity=back.entity,
        received_at=None,
        currency=back.currency,
        lines=[goods],
        fee_minor=250,
        delivery_minor=395,
        refund_minor=1_345,
        customer_id=back.customer_id,
        staff="",
        actor="system:worker",
        exchange=bool(back.exchange),
        occurred_at=back.occurred_at,
    )


def declined(back: Return) -> ReturnDeclined:
    return ReturnDeclined(**about(back), reason="It was worn.")


def cancelled(back: Return) -> ReturnCancelled:
    return ReturnCancelled(**about(back), reason="")


def expired(back: Return) -> ReturnExpired:
    return ReturnExpired(**about(back), credited_minor=0)


@pytest.mark.parametrize(
    ("make", "locale", "subject", "says"),
    [
        (authorized, "en-GB", "is ready to go", ["Print the label", "Please return by", "2 × Red"]),
        (authorized, "de-DE", "kann losgehen", ["Drucken Sie das Etikett", "zurückgeben bis"]),
        (declined, "en-GB", "cannot take back", ["It was worn.", "2 × Red mug"]),
        (declined, "de-DE", "nicht zurücknehmen", ["It was worn."]),
        (cancelled, "en-GB", "was cancelled", ["You keep the goods"]),
        (cancelled, "de-DE", "wurde storniert", ["Sie behalten die Ware"]),
        (received, "en-GB", "has arrived", ["1 × Red mug"]),
        (received, "de-DE", "ist angekommen", ["1 × Red mug"]),
        (settled, "en-GB", "Your money", ["£12.00", "£3.95", "-£2.50", "You get", "£13.45"]),
        (settled, "de-DE", "Ihr Geld", ["12,00 £", "Sie bekommen", "13,45 £"]),
        (expired, "en-GB", "has not arrived", ["2 × Red mug"]),
        (expired, "de-DE", "nicht angekommen", ["2 × Red mug"]),
    ],
)
async def test_each_step_is_told_once_and_leads_to_its_page(
    told, database, shop, make, locale, subject, says
):
    placed, (mail,) = await told(make, locale)
    assert NUMBER in mail["Subject"]
    assert subject in mail["Subject"]
    for body in (text_of(mail), shown_in(mail)):
        assert NUMBER in body
        plain = body.replace("\u00a0", " ")
        for text in says:
            assert text in plain
    assert f"/returns/{NUMBER}" in text_of(mail)
    assert f"/returns/{NUMBER}" in html_of(mail)
    assert "{" not in text_of(mail)
    topics = [one.topic for one in await messages(database, shop, placed.id)]
    assert len(topics) == len(set(topics))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "the way you paid"),
        ({"refund_method": "stored_value"}, "gift card or store credit"),
        ({"refund_method": "cash"}, "in cash"),
        ({"refund_method": "on_account"}, "on account"),
        ({"exchange": [new_id()]}, "in exchange"),
    ],
)
async def test_a_settled_return_says_where_the_money_goes(told, fields, says):
    _, (mail,) = await told(settled, **fields)
    assert says in text_of(mail)


async def test_what_is_brought_to_a_store_needs_no_label(told):
    _, (mail,) = await told(authorized, method="counter")
    assert "Bring the goods to a store" in text_of(mail)
    assert "label" not in text_of(mail)


async def test_who_carried_goods_out_and_back_to_the_counter_has_a_receipt(told):
    _, mails = await told(settled, asked=till_sale("MUG"), method="counter")
    assert mails == []


async def test_a_claim_sends_nothing_back_and_says_so(told):
    _, mails = await told(authorized, kind="claim")
    assert mails == []
    _, (mail,) = await told(settled, kind="claim", number=OTHER)
    assert mail["Subject"] == f"We have settled your claim {OTHER}"
    assert "What it was about" in text_of(mail)
    assert "came back" not in text_of(mail)


@pytest.mark.parametrize(
    ("locale", "subject", "says"),
    [("en-GB", "We have your request", "write again"), ("de-DE", "Ihre Anfrage", "Wir schreiben")],
)
async def test_who_waits_for_a_decision_is_told_so_and_whoever_does_not_is_not(
    told, locale, subject, says
):
    def requested(back: Return) -> ReturnRequested:
        return ReturnRequested(**about(back), number=back.number, method="post", units=2)

    _, (mail,) = await told(requested, locale, state="requested")
    assert subject in mail["Subject"]
    assert says in text_of(mail)
    _, mails = await told(requested, locale, state="authorized", number=OTHER)
    assert mails == []


async def test_what_a_return_has_gone_past_is_not_told_any_more(told):
    at = datetime(2026, 1, 2, tzinfo=UTC)
    _, mails = await told(authorized, received_at=at)
    assert mails == []
    _, mails = await told(received, number=OTHER, received_at=at, settled_at=at)
    assert mails == []


async def test_a_parcel_of_an_exchange_says_so(database, shop, lanes, mailbox):
    await place(lanes, shop, wish("LAMP"))
    async with database.transaction(shop) as tx:
        await tx.execute("update orders_line set cause = 'exchange'")
    await settle(database, shop)
    (work,) = await queue(database, shop)
    await pick(lanes, shop, work.id)
    await pack(lanes, shop, work.id)
    await settle(database, shop)
    assert mailbox.arrived[-1]["Subject"].startswith("What you get in exchange is on its way")
