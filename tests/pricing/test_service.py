"""Pricing against the real database: batches, coupons under races, quotes, the terms."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
from tests.pricing.shop import line
from tests.pricing.world import CHANGE, LONG_AGO, add_price, open_shop, rate, request_of

from crosslane.kernel import Refusal
from crosslane.organization import Scope, SetPolicy, UnknownChannel, set_policy
from crosslane.platform import audit, log
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database, Tx
from crosslane.platform.seals import use_secret
from crosslane.pricing import (
    CouponRow,
    CouponUsedUp,
    CouponUsedUpByCustomer,
    Destination,
    Override,
    PricedCart,
    PriceUnknown,
    PutCoupons,
    PutPriceList,
    PutPromotion,
    PutTaxRates,
    QuoteExpired,
    QuoteForged,
    QuoteMismatch,
    Redemption,
    ShippingWish,
    TaxRateRow,
    errors,
    explain,
    open_coupons,
    price,
    price_one,
    put_coupons,
    put_price_list,
    put_promotion,
    put_tax_rates,
    quote,
    release_coupons,
    write_coupons,
)
from crosslane.pricing.service.promotions import list_coupons

use_secret(b"a secret of the tests alone")


async def test_a_batch_is_priced_with_two_statements_whatever_its_size(tx: Tx):
    lists = await open_shop(tx)
    for n in range(40):
        await add_price(tx, lists["retail"], f"sku-{n}", 100_000 * (n + 1))
        await add_price(tx, lists["trade"], f"sku-{n}", 50_000 * (n + 1))
    await put_promotion(tx, PutPromotion(code="c", title="c", percent_bp=100, coupon_required=True))
    await put_coupons(tx, PutCoupons(promotion="c", coupons=(CouponRow(code="ONE-C"),)))
    requests = [
        request_of(
            *(f"sku-{n}" for n in range(each % 39 + 1)),
            channel=("web", "trade")[each % 2],
            at=CHANGE + timedelta(days=each % 3 - 1),
            coupons=["one-c"] if each % 5 == 0 else [],
        )
        for each in range(200)
    ]
    async with tx.savepoint():
        await price(tx, requests[:1])
    # A transaction that has touched a fact reads its tables; the next one takes them from memory.
    tx.touched.clear()
    await price(tx, requests[:1])
    before = tx.statements
    outcomes = await price(tx, requests)
    assert tx.statements - before == 2
    assert all(isinstance(each, PricedCart) for each in outcomes)
    assert [len(each.lines) for each in outcomes] == [each % 39 + 1 for each in range(200)]


async def test_each_request_fails_alone_and_in_its_place(tx: Tx):
    lists = await open_shop(tx)
    await add_price(tx, lists["retail"], "mug", 100_000)
    outcomes = await price(
        tx, [request_of("mug"), request_of("cup"), request_of("mug", channel="nowhere")]
    )
    assert [type(each) for each in outcomes] == [PricedCart, PriceUnknown, UnknownChannel]


async def test_a_price_of_the_past_is_found_again_at_its_day(tx: Tx):
    lists = await open_shop(tx)
    await add_price(tx, lists["retail"], "gift_0001_20", 2_000_000)
    await add_price(
        tx, lists["retail"], "gift_0001_20", 1_800_000, valid_from=CHANGE + timedelta(days=30)
    )
    days = [CHANGE - timedelta(days=1), CHANGE, CHANGE + timedelta(days=30)]
    carts = await price(tx, [request_of("gift_0001_20", channel="trade", at=at) for at in days])
    assert [each.net_minor for each in carts] == [1702, 1667, 1500]


async def test_breaks_and_ended_rows_are_read_right(tx: Tx):
    lists = await open_shop(tx)
    await add_price(tx, lists["retail"], "mug", 100_000)
    await add_price(tx, lists["retail"], "mug", 90_000, quantity_min=10)
    ended = {"valid_from": LONG_AGO + timedelta(days=1), "valid_to": CHANGE}
    await add_price(tx, lists["retail"], "mug", 70_000, **ended)
    shown = [
        (await price_one(tx, request_of(line("a", "mug", units), at=at))).lines[0].unit_price_milli
        for units, at in ((1, CHANGE), (10, CHANGE), (1, CHANGE - timedelta(seconds=1)))
    ]
    assert shown == [100_000, 90_000, 70_000]


async def test_a_dictating_channel_keeps_the_difference_with_the_line(tx: Tx):
    lists = await open_shop(tx)
    await add_price(tx, lists["retail"], "mug", 1_000_000)
    dictated = line("a", "mug", 2, dictated_unit_price_milli=900_000)
    refused, taken = await price(tx, [request_of(dictated), request_of(dictated, channel="bazaar")])
    assert isinstance(refused, errors.DictatedPriceNotAllowed)
    assert (taken.gross_minor, taken.lines[0].listed_unit_price_milli) == (1800, 1_000_000)


async def take(database: Database, tenant: str, use: Redemption) -> Refusal | None:
    async with database.transaction(tenant) as tx:
        sheet = await open_coupons(tx, [use])
        refusal = sheet.take(use)
        await write_coupons(tx, sheet)
    return refusal


async def one_coupon(database: Database, tenant: str, **limits) -> Redemption:
    """Make a promotion and its coupon LAST-ONES; return a use of it by nobody yet."""
    async with database.transaction(tenant) as tx:
        lists = await open_shop(tx)
        await add_price(tx, lists["retail"], "mug", 1_000_000)
        offer = PutPromotion(
            code="x", title="x", percent_bp=100, coupon_required=True, valid_from=LONG_AGO
        )
        await put_promotion(tx, offer)
        row = CouponRow(code="last-ones", valid_from=LONG_AGO, **limits)
        await put_coupons(tx, PutCoupons(promotion="x", coupons=(row,)))
        cart = await price_one(tx, request_of("mug", coupons=["Last-Ones"], customer_id=uuid4()))
    return Redemption(cart.coupon_ids[0], uuid4())


async def uses(database: Database, tenant: str) -> int:
    async with database.transaction(tenant) as tx:
        (coupon,) = await list_coupons(tx, promotion="x", after="", limit=9)
    return coupon.uses


async def test_forty_orders_at_once_share_ten_uses_exactly(database: Database, tenant: str):
    use = await one_coupon(database, tenant, uses_max=10)
    wanted = [msgspec.structs.replace(use, order_id=uuid4()) for _ in range(40)]
    answers = await asyncio.gather(*(take(database, tenant, each) for each in wanted))
    assert sum(each is None for each in answers) == 10
    assert {type(each) for each in answers} == {type(None), CouponUsedUp}
    assert await uses(database, tenant) == 10


async def test_one_customer_uses_a_coupon_as_often_as_one_may(database: Database, tenant: str):
    use = await one_coupon(database, tenant, uses_per_customer_max=2)
    ann, bob = uuid4(), uuid4()
    wanted = [Redemption(use.coupon_id, uuid4(), who) for who in (ann, bob) * 6]
    answers = await asyncio.gather(*(take(database, tenant, each) for each in wanted))
    for who in (ann, bob):
        own = [
            answer for each, answer in zip(wanted, answers, strict=True) if each.customer_id == who
        ]
        assert sum(each is None for each in own) == 2
        assert {type(each) for each in own} == {type(None), CouponUsedUpByCustomer}
    guest = Redemption(use.coupon_id, uuid4())
    assert isinstance(await take(database, tenant, guest), errors.CouponNeedsCustomer)


async def test_a_repeated_use_counts_once_and_a_released_one_comes_back(
    database: Database, tenant: str
):
    use = await one_coupon(database, tenant, uses_max=1)
    other = msgspec.structs.replace(use, order_id=uuid4())
    assert await take(database, tenant, use) is None
    assert await take(database, tenant, use) is None
    assert isinstance(await take(database, tenant, other), CouponUsedUp)
    for _ in range(2):
        async with database.transaction(tenant) as tx:
            await release_coupons(tx, [use.order_id])
    assert await uses(database, tenant) == 0
    assert await take(database, tenant, other) is None
    assert isinstance(await take(database, tenant, use), CouponUsedUp)


async def test_a_batch_gives_back_what_a_refused_order_took(tx: Tx, database: Database):
    await open_shop(tx)
    await put_promotion(tx, PutPromotion(code="x", title="x", percent_bp=1, coupon_required=True))
    await put_coupons(tx, PutCoupons(promotion="x", coupons=(CouponRow(code="ABC", uses_max=1),)))
    (coupon,) = await list_coupons(tx, promotion="x", after="", limit=9)
    first, second = (Redemption(coupon.id, uuid4()) for _ in range(2))
    sheet = await open_coupons(tx, [first, second])
    assert sheet.take(first) is None
    assert isinstance(sheet.take(second), CouponUsedUp)
    sheet.undo(first.order_id)
    assert sheet.take(second) is None
    await write_coupons(tx, sheet)
    assert sheet.taken == [second]


async def test_a_limit_set_later_counts_the_uses_there_were(database: Database, tenant: str):
    use = await one_coupon(database, tenant)
    for _ in range(3):
        await take(database, tenant, msgspec.structs.replace(use, order_id=uuid4()))
    async with database.transaction(tenant) as tx:
        row = CouponRow(code="LAST-ONES", uses_max=3, valid_from=LONG_AGO)
        await put_coupons(tx, PutCoupons(promotion="x", coupons=(row,)))
    assert isinstance(await take(database, tenant, use), CouponUsedUp)


async def test_a_limit_below_the_uses_there_are_is_refused(database: Database, tenant: str):
    use = await one_coupon(database, tenant)
    for _ in range(3):
        await take(database, tenant, msgspec.structs.replace(use, order_id=uuid4()))
    async with database.transaction(tenant) as tx:
        row = CouponRow(code="LAST-ONES", uses_max=2, valid_from=LONG_AGO)
        with pytest.raises(errors.CouponLimitTooLow):
            await put_coupons(tx, PutCoupons(promotion="x", coupons=(row,)))


async def test_a_limit_set_while_an_order_is_placed_counts_it(database: Database, tenant: str):
    use = await one_coupon(database, tenant)
    row = CouponRow(code="LAST-ONES", uses_max=1, valid_from=LONG_AGO)

    async def limit() -> None:
        async with database.transaction(tenant) as tx:
            await put_coupons(tx, PutCoupons(promotion="x", coupons=(row,)))

    async with database.transaction(tenant) as tx:
        sheet = await open_coupons(tx, [use])
        sheet.take(use)
        await write_coupons(tx, sheet)
        limiting = asyncio.create_task(limit())
        while not await tx.fetchval("select count(*) from pg_locks where not granted"):
            assert not limiting.done()
    await limiting
    other = msgspec.structs.replace(use, order_id=uuid4())
    assert isinstance(await take(database, tenant, other), CouponUsedUp)


async def test_coupons_of_another_promotion_are_not_taken_over(tx: Tx):
    await open_shop(tx)
    for code in ("x", "y"):
        await put_promotion(tx, PutPromotion(code=code, title=code, percent_bp=1))
    await put_coupons(tx, PutCoupons(promotion="x", coupons=(CouponRow(code="ABC"),)))
    with pytest.raises(errors.CouponElsewhere, match="ABC"):
        await put_coupons(tx, PutCoupons(promotion="y", coupons=(CouponRow(code="abc"),)))


async def test_a_quote_holds_when_prices_have_changed(tx: Tx):
    lists = await open_shop(tx)
    await add_price(tx, lists["retail"], "mug", 1_000_000)
    wish = ShippingWish(key="s", service="standard")
    asked = request_of("mug", "mug", shipping=[wish])
    given = await quote(tx, asked)
    await add_price(tx, lists["retail"], "mug", 9_000_000, valid_from=LONG_AGO + timedelta(1))
    other_keys = request_of(
        line("left", "mug"), line("right", "mug"), shipping=[wish], quote=given.quote
    )
    bought = await price_one(tx, other_keys)
    assert bought.gross_minor == given.cart.gross_minor == 2395
    assert [each.key for each in bought.lines] == ["left", "right"]
    assert bought.quoted_until == given.expires_at == tx.now + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"channel": "trade"}, "channel"),
        ({"destination": Destination("JE")}, "destination"),
        ({"customer_group": "vip"}, "customer_group"),
        ({"coupons": ["X"]}, "coupons"),
        ({"shipping": [ShippingWish(key="s", service="standard")]}, "shipping"),
    ],
)
async def test_a_quote_is_for_its_own_cart_only(tx: Tx, changes, what):
    lists = await open_shop(tx)
    await add_price(tx, lists["retail"], "mug", 1_000_000)
    given = await quote(tx, request_of("mug"))
    (refused,) = await price(tx, [request_of("mug", quote=given.quote, **changes)])
    assert isinstance(refused, QuoteMismatch)
    assert refused.details == {"what": what}


async def test_a_quote_for_other_goods_or_with_a_brought_price_is_refused(tx: Tx):
    lists = await open_shop(tx)
    await add_price(tx, lists["retail"], "mug", 1_000_000)
    given = (await quote(tx, request_of("mug"))).quote
    outcomes = await price(
        tx,
        [
            request_of(line("a", "mug", 2), quote=given),
            request_of("cup", quote=given),
            request_of(line("a", "mug", override=Override(1, "mine")), quote=given),
        ],
    )
    assert [each.details["what"] for each in outcomes] == ["lines", "lines", "prices"]


async def test_a_quote_given_to_nobody_is_anybody_s_and_a_customer_s_is_its_own(tx: Tx):
    lists = await open_shop(tx)
    await add_price(tx, lists["retail"], "mug", 1_000_000)
    ann, bob = uuid4(), uuid4()
    open_to_all = (await quote(tx, request_of("mug"))).quote
    for_ann = (await quote(tx, request_of("mug", customer_id=ann))).quote
    outcomes = await price(
        tx,
        [
            request_of("mug", customer_id=bob, customer_group="", quote=open_to_all),
            request_of("mug", customer_id=ann, quote=for_ann),
            request_of("mug", customer_id=bob, quote=for_ann),
        ],
    )
    assert [type(each) for each in outcomes] == [PricedCart, PricedCart, QuoteMismatch]


async def test_a_forged_or_foreign_quote_is_refused(tx: Tx, database: Database, tenant: str):
    lists = await open_shop(tx)
    await add_price(tx, lists["retail"], "mug", 1_000_000)
    given = (await quote(tx, request_of("mug"))).quote
    body, _, signature = given.partition(".")
    other = "B" if signature.startswith("A") else "A"
    for forged in (
        body,
        f"{body}.",
        f"A{body[1:]}.{signature}",
        f"{body}.{other}{signature[1:]}",
        "é.",
    ):
        (refused,) = await price(tx, [request_of("mug", quote=forged)])
        assert isinstance(refused, QuoteForged), forged
    tx.tenant = "somebody-else"
    (refused,) = await price(tx, [request_of("mug", quote=given)])
    assert isinstance(refused, QuoteMismatch)


async def test_a_quote_ends_when_the_policy_says(database: Database, tenant: str):
    async with database.transaction(tenant) as tx:
        lists = await open_shop(tx)
        await add_price(tx, lists["retail"], "mug", 1_000_000)
        short = SetPolicy(
            "pricing.quote", {"minutes": 1}, "prices move", Scope("channel", "web"), LONG_AGO
        )
        await set_policy(tx, short)
        given = await quote(tx, request_of("mug"))
        assert given.expires_at == tx.now + timedelta(minutes=1)
        tx.now = given.expires_at
        (refused,) = await price(tx, [request_of("mug", quote=given.quote)])
    assert isinstance(refused, QuoteExpired)


async def test_a_person_may_quote_a_special_price_to_a_customer(tx: Tx):
    lists = await open_shop(tx)
    await add_price(tx, lists["retail"], "mug", 1_000_000)
    agent = Actor(kind="staff", id="a", permissions=frozenset({"pricing:override"}))
    special = line("a", "mug", override=Override(800_000, "regular of ours"))
    given = await quote(tx, request_of(special, actor=agent))
    customer = Actor(kind="customer", id="c")
    bought = await price_one(tx, request_of("mug", actor=customer, quote=given.quote))
    assert (bought.gross_minor, bought.lines[0].source) == (800, "override")


async def test_an_explanation_names_every_list_and_tells_the_story(tx: Tx):
    lists = await open_shop(tx)
    await add_price(tx, lists["retail"], "mug", 2_000_000)
    wish = ShippingWish(key="s", service="standard")
    explained = await explain(
        tx, request_of("mug", channel="trade", shipping=[wish], coupons=["Q"])
    )
    (candidates,) = explained.candidates.values()
    assert [(each.price_list, each.refused) for each in candidates] == [
        ("trade", "no-price"),
        ("retail", None),
    ]
    assert explained.story == (
        "1 × mug: 16.66667 GBP each from list retail (general), where it stands as 20.00 GBP with"
        " 20 % tax inside. The line is 16.67 GBP without tax. Tax class standard bears 20 %, the"
        " rate of GB, where the goods go: 16.67 GBP + 3.33 GBP = 20.00 GBP.",
        "1 × standard: 3.29167 GBP by the table of shipping prices. The line is 3.29 GBP without"
        " tax. Tax class standard bears 20 %, the rate of GB, where the goods go: 3.29 GBP + 0.66"
        " GBP = 3.95 GBP.",
        "Coupon Q gave nothing: there is no such coupon.",
    )


async def test_terms_can_be_corrected_and_the_next_cart_knows(database: Database, tenant: str):
    async with database.transaction(tenant) as tx:
        lists = await open_shop(tx)
        await add_price(tx, lists["retail"], "mug", 2_000_000)
    async with database.transaction(tenant) as tx:
        assert (await price_one(tx, request_of("mug"))).tax_minor == 333
    async with database.transaction(tenant) as tx:
        await put_tax_rates(tx, PutTaxRates((rate(2500, CHANGE),)))
    async with database.transaction(tenant) as tx:
        assert (await price_one(tx, request_of("mug"))).lines[0].tax.rate_bp == 2500
        history = await log.history(tx, "tax:GB")
    assert {each.kind for each in history} == {"pricing.TaxesChanged"}


async def test_an_edit_is_kept_in_the_audit_journal_with_what_was_before(tx: Tx):
    await open_shop(tx)
    for percent_bp in (500, 700):
        await put_promotion(tx, PutPromotion(code="x", title="x", percent_bp=percent_bp))
    newest, oldest = await audit.list_entries(tx, subject="promotion:x")
    kept = [msgspec.json.decode(bytes(each)) for each in (newest.before, newest.after)]
    assert [each["percent_bp"] for each in kept] == [500, 700]
    assert msgspec.json.decode(bytes(oldest.before)) is None
    await put_tax_rates(tx, PutTaxRates((rate(2500, CHANGE),)))
    corrected = (await audit.list_entries(tx, subject="tax_rates"))[0]
    (before,) = msgspec.json.decode(bytes(corrected.before))
    assert before["rate_bp"] == 2000


@pytest.mark.parametrize(
    ("put", "wish", "refused"),
    [
        (
            put_price_list,
            {"code": "retail", "title": "r", "currency": "EUR", "basis": "gross"},
            errors.PriceListFixed,
        ),
        (
            put_price_list,
            {"code": "n", "title": "n", "currency": "GBP", "basis": "net", "tax_country": "GB"},
            errors.BadPriceList,
        ),
        (
            put_price_list,
            {"code": "n", "title": "n", "currency": "GBP", "basis": "net", "channel": "x"},
            UnknownChannel,
        ),
        (put_promotion, {"code": "p", "title": "p"}, errors.BadPromotion),
        (
            put_promotion,
            {"code": "p", "title": "p", "percent_bp": 1, "amount_minor": 1, "currency": "GBP"},
            errors.BadPromotion,
        ),
        (put_promotion, {"code": "p", "title": "p", "amount_minor": 1}, errors.BadPromotion),
        (
            put_promotion,
            {"code": "p", "title": "p", "percent_bp": 1, "valid_to": LONG_AGO},
            errors.BadValidity,
        ),
    ],
)
async def test_terms_that_mean_nothing_are_refused(tx: Tx, put, wish, refused):
    await open_shop(tx)
    kind = PutPriceList if put is put_price_list else PutPromotion
    with pytest.raises(refused):
        await put(tx, kind(**wish))


async def test_a_region_and_a_country_have_rates_of_their_own(tx: Tx):
    lists = await open_shop(tx)
    await add_price(tx, lists["trade"], "mug", 1_000_000)
    jersey = TaxRateRow(country="JE", tax_class="standard", rate_bp=500, valid_from=LONG_AGO)
    await put_tax_rates(tx, PutTaxRates((jersey,)))
    away = await price_one(tx, request_of("mug", channel="trade", destination=Destination("JE")))
    # A rate alone makes nobody a tax payer there: the rule of the seller's country decides.
    assert away.tax_minor == 0
