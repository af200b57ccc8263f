"""A web order from the first question to the doorstep, over HTTP, with every process running."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.engagement.mailbox import text_of
from tests.journeys.conftest import Town
from tests.payments.fake import eventually
from tests.retailer import order, send
from tests.running import Tenant

# Two mugs at 6.00, a lamp at 24.99, delivery at 3.95.
GROSS_MINOR = 2 * 600 + 2_499 + 395
SHOP_TIME = ZoneInfo("Europe/London")


async def free(shop: Tenant, *skus: str) -> dict[str, int]:
    """Units the web shop could promise, by SKU."""
    shown = await shop.read("availability", sku=list(skus), channel="web")
    return {item["sku"]: item["available"] for item in shown["items"]}


async def wait_for_status(shop: Tenant, number: str, wanted: str) -> dict:
    """Return an order as soon as it has a status."""
    shown: dict = {}

    async def reached() -> bool:
        shown.update(await shop.read(f"orders/{number}"))
        return shown["status"] == wanted

    await eventually(reached)
    return shown


async def told_by_mail(town: Town, placed: dict, parcels: list[dict]) -> None:
    """Wait for the confirmation and a message for each parcel; no other message comes."""

    async def all_sent() -> bool:
        messages = await town.shop.read_all(f"orders/{placed['number']}/messages")
        return [m["state"] for m in messages] == ["sent"] * (1 + len(parcels))

    await eventually(all_sent)
    letters = [letter for letter in town.mail.arrived if placed["number"] in text_of(letter)]
    assert len(letters) == 1 + len(parcels) == len({letter["Message-ID"] for letter in letters})
    for parcel in parcels:
        (about,) = [one for one in letters if parcel["tracking_number"] in text_of(one)]
        assert about["To"] == "Ada Brown <ada@example.com>"


async def told_by_books(shop: Tenant, placed: dict, began: datetime) -> None:
    """Wait until the books have sale and money of the only order, equal to its order book."""

    async def posted() -> bool:
        # A run over midnight belongs to two business days.
        days = {began.astimezone(SHOP_TIME).date(), datetime.now(SHOP_TIME).date()}
        figures = [await shop.read(f"finance/days/{day}", channel="web") for day in days]
        assert not any(day["waiting"] for day in figures)
        sales = sum(day["net_sales_minor"] + day["charges_minor"] for day in figures)
        tax, money = (sum(day[of] for day in figures) for of in ("tax_minor", "money_minor"))
        agreed = not any(day["difference_minor"] for day in figures)
        return agreed and (sales, tax, money) == (
            placed["net_minor"],
            placed["tax_minor"],
            GROSS_MINOR,
        )

    await eventually(posted)


async def test_two_lines_reach_the_doorstep(town: Town):
    shop, bank = town.shop, town.bank
    assert await free(shop, "MUG", "LAMP") == {"MUG": 10, "LAMP": 5}
    began, wish = datetime.now(UTC), order(("MUG", 2), ("LAMP", 1))
    key = {"Idempotency-Key": "basket-1"}
    first = await shop.client.post("orders", json=wish, headers=key)
    assert first.status_code == 201, first.text
    placed = first.json()
    assert placed["gross_minor"] == GROSS_MINOR
    assert [(line["sku"], line["allocated"]) for line in placed["lines"]] == [
        ("MUG", 2),
        ("LAMP", 1),
    ]
    assert all(line["promised_at"] for line in placed["lines"])
    again = await shop.client.post("orders", json=wish, headers=key)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert await free(shop, "MUG", "LAMP") == {"MUG": 8, "LAMP": 4}

    await wait_for_status(shop, placed["number"], "in_progress")
    assert await bank.sums() == {"authorize": GROSS_MINOR, "capture": 0, "refund": 0, "void": 0}

    works = await shop.read_all("fulfillment-orders", order_id=placed["id"])
    assert sorted(line["sku"] for work in works for line in work["lines"]) == ["LAMP", "MUG"]
    every = [{"fulfillment_order": work["id"]} for work in works]
    picked = await send(shop.client, "picks", {"picks": every})
    assert {work["state"] for work in picked} == {"picked"}
    packed = await send(shop.client, "parcels", {"packs": every})
    assert {work["state"] for work in packed} == {"packed"}

    await wait_for_status(shop, placed["number"], "handed_over")
    works = await shop.read_all("fulfillment-orders", order_id=placed["id"])
    parcels = [parcel for work in works for parcel in work["parcels"]]
    assert len({parcel["tracking_number"] for parcel in parcels}) == 2
    for parcel in parcels:
        label = await shop.client.get(f"labels/{parcel['label_id']}/document")
        assert label.content.startswith(b"%PDF")

    async def charged() -> bool:
        return (await shop.read(f"orders/{placed['id']}/payments"))["captured_minor"] > 0 and (
            await bank.sums()
        )["capture"] == GROSS_MINOR

    await eventually(charged)
    assert (await bank.sums())["authorize"] == GROSS_MINOR

    await told_by_mail(town, placed, parcels)
    await told_by_books(shop, placed, began)

    reports = [
        {
            "id": f"at-the-door-{parcel['tracking_number']}",
            "tracking_number": parcel["tracking_number"],
            "status": "delivered",
            "occurred_at": datetime.now(UTC).isoformat(),
        }
        for parcel in parcels
    ]
    for events in (reports[:1], reports):  # a carrier repeats itself
        await send(shop.client, "carriers/house/tracking-events", {"events": events})
    shown = await wait_for_status(shop, placed["number"], "delivered")
    assert shown["money"]["captured_minor"] == shown["money"]["earned_minor"] == GROSS_MINOR
    assert {
        (line["sku"], bucket["stage"], bucket["location"], bucket["quantity"])
        for line in shown["lines"]
        for bucket in line["buckets"]
    } == {("MUG", "delivered", "DC1", 2), ("LAMP", "delivered", "DC2", 1)}
    timeline = await shop.read_all(f"orders/{placed['id']}/timeline")
    assert timeline[0]["kind"] == "orders.OrderPlaced"
    assert await shop.findings() == []


async def test_a_declined_card_gives_the_stock_back(town: Town):
    shop, bank = town.shop, town.bank
    before, charged = await free(shop, "MUG"), await bank.sums()
    placed = await send(shop.client, "orders", order(("MUG", 3), card="decline"))
    shown = await wait_for_status(shop, placed["number"], "cancelled")
    assert (shown["money"]["authorized_minor"], shown["money"]["captured_minor"]) == (0, 0)

    async def back() -> bool:
        return await free(shop, "MUG") == before

    await eventually(back)
    assert await bank.sums() == charged
    assert await shop.findings() == []


async def test_one_key_a_thousand_times_at_once_is_one_order(town: Town):
    shop = town.shop
    before = {shown["id"] for shown in await shop.read_all("orders")}
    wish = order(("MUG", 1))
    answers = await shop.shout("orders", wish, "impatient", 1_000)
    # On a busy machine the other process may have waited long enough for the first.
    assert {(a.status_code, a.json().get("code")) for a in answers} <= {
        (201, None),
        (409, "still-working"),
    }
    (again,) = await shop.shout("orders", wish, "impatient", 1)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert {a.content for a in answers if a.status_code == 201} == {again.content}
    first = [a for a in answers if a.is_success and "Idempotency-Replayed" not in a.headers]
    assert len(first) == 1
    placed = again.json()
    after = {shown["id"] for shown in await shop.read_all("orders")}
    assert after - before == {placed["id"]}
    await wait_for_status(shop, placed["number"], "in_progress")
    assert await shop.findings() == []
