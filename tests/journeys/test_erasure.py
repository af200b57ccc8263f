"""One customer on every path that keeps words of a person, then forgotten."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from crosslane.kernel import new_id
from crosslane.platform.database import Database, Tx
from tests.channels.bazaar import till_batch
from tests.journeys.conftest import Town
from tests.payments.fake import eventually
from tests.retailer import LONG_AGO, WEEK, order, send
from tests.vendors.strict import StrictVendor

NAME, EMAIL, PHONE = "Zebulon Quixworth", "zebulon@quixworth.example", "+442079460958"
BUYER = {"name": NAME, "email": EMAIL, "phone": PHONE}
HOME = {
    "name": NAME,
    "lines": ["77 Nightjar Crescent"],
    "city": "Leeds",
    "postcode": "LS1 4DY",
    "country": "GB",
    "phone": PHONE,
}
# A town and a country are not his alone.
WORDS = ["Quixworth", "Zebulon", "Nightjar", "LS1 4DY", "LS14DY", "2079460958", "20 7946 0958"]
SAID = f"{NAME} of 77 Nightjar Crescent, LS14DY, rang from 02079460958 or 020 7946 0958 ({EMAIL})"

TABLES = """
select c.relname from pg_class c
where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
"""


async def found(tx: Tx) -> dict[str, set[str]]:
    """Return which of the words stand in which tables, also as bytes, in any case."""
    places: dict[str, set[str]] = {}
    wanted = {word: (word.lower(), word.encode().hex()) for word in WORDS}
    for table in await tx.fetch(TABLES):
        rows = await tx.fetch(f'select t::text as row from "{table["relname"]}" t')  # noqa: S608
        text = "\n".join(row["row"] for row in rows).lower()
        for word, forms in wanted.items():
            if any(form in text for form in forms):
                places.setdefault(word, set()).add(table["relname"])
    return places


async def submit(client: httpx.AsyncClient, channel: str, format: str, text: str) -> None:
    answer = await client.post(
        f"channels/{channel}/messages",
        params={"format": format, "file_name": f"{NAME}.jsonl"},
        content=text,
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 202, answer.text


async def open_channels(client: httpx.AsyncClient) -> None:
    """A marketplace and a store with a till."""
    for code, kind in (("bazaar", "marketplace"), ("till", "store")):
        channel = {"code": code, "name": code, "type": kind, "brand": "marlow"}
        await send(client, "channels", channel | {"market": "gb", "entity": "mf"})
        scope = {"type": "channel", "code": code}
        for policy, value in (
            ("orders.intake", {"backdating": True, "bad_address": "stop"}),
            ("pricing.price_source", {"price_source": "dictated"}),
        ):
            said = {"kind": policy, "value": value, "reason": "as agreed", "scope": scope}
            await send(client, "policies", said | {"valid_from": LONG_AGO})
    store = {
        "code": "S0001",
        "kind": "store",
        "entity": "mf",
        "name": "High Street",
        "country": "GB",
        "nation": "ENG",
        "postcode": "OX1 1AA",
        "timezone": "Europe/London",
        "abilities": ["carry_out"],
        "hours": WEEK,
    }
    await send(client, "locations", store)


async def by_web(town: Town) -> dict[str, Any]:
    """An order of a vendor and a warehouse, shipped, whose first mail is refused by name."""
    client = town.shop.client
    town.mail.refusals.append(f"550 5.1.1 {EMAIL} is unknown here")
    wish = order(("POT", 2), ("LAMP", 1)) | {"buyer": BUYER, "ship_to": HOME}
    placed = await send(client, "orders", wish)
    await pack(town, placed["id"], "LAMP")
    return placed


async def pack(town: Town, order_id: str, sku: str) -> None:
    """Pick and pack an article of an order, and wait for the label."""
    shop, mine = town.shop, {}

    async def offered() -> bool:
        works = await shop.read_all("fulfillment-orders", order_id=order_id)
        mine.update({w["lines"][0]["sku"]: w for w in works})
        return sku in mine

    await eventually(offered)
    every = [{"fulfillment_order": mine[sku]["id"]}]
    await send(shop.client, "picks", {"picks": every})
    await send(shop.client, "parcels", {"packs": every})

    async def labelled() -> bool:
        works = await shop.read_all("fulfillment-orders", order_id=order_id)
        return any(p["tracking_number"] for w in works for p in w["parcels"] if p["label_id"])

    await eventually(labelled)


async def by_cart(client: httpx.AsyncClient) -> None:
    """A cart that is placed, whose order is changed and called off by people who write a lot."""
    changes = [
        {"type": "add", "line_id": str(new_id()), "sku": "MUG", "quantity": 2},
        {"type": "buyer", **BUYER},
        {"type": "address", "address": HOME},
        {
            "type": "tender",
            "tender_id": str(new_id()),
            "method": "card",
            "token": "tok_visa",
            "provider": "house",
        },
    ]
    edits = [{"id": str(new_id()), "base_version": 0, "change": change} for change in changes]
    cart = await send(client, "carts", {"channel": "web", "operations": edits})
    placed = await send(client, f"carts/{cart['id']}/order", {"version": cart["version"]})
    place = f"orders/{placed['id']}"
    stop = await send(client, f"{place}/stops", {"kind": "manual", "reason": SAID})
    await send(client, f"{place}/address", {"ship_to": HOME, "reason": SAID})
    answer = {"resolution": SAID}
    await send(client, f"{place}/stops/{stop['stop_id']}/resolution", answer)
    await send(client, f"{place}/cancellation", {"reason": SAID})


async def by_message(client: httpx.AsyncClient) -> None:
    """Orders of a marketplace, good and bad, and a sale of a till that knows the customer."""
    now = datetime.now(UTC)
    told = {"type": "order", "event_at": now.isoformat(), "buyer": BUYER, "ship_to": HOME}
    line = {"sku": "MUG", "quantity": 1, "unit_price_milli": 100_000}
    lines = [
        json.dumps(told | {"source_id": "B-1", "lines": [line]}),
        json.dumps(told | {"source_id": "B-2", "lines": [line | {"sku": "GONE"}]}),
        json.dumps(told)[:-9],
    ]
    await submit(client, "bazaar", "orders-jsonl", "\n".join(lines))
    opened, at = (now - timedelta(hours=2)).isoformat(), (now - timedelta(hours=1)).isoformat()
    sale = {
        "type": "sale",
        "receipt": "1",
        "at": at,
        "customer": BUYER,
        "lines": [{"sku": "MUG", "quantity": 1, "unit_price_milli": 600_000}],
        "tenders": [{"method": "cash", "minor": 600}],
    }
    head = {"opened_at": opened, "closed_at": now.isoformat()}
    await submit(client, "till", "till-batch", till_batch(sale, head=head))


async def by_vendor(client: httpx.AsyncClient, purchase: dict[str, Any]) -> None:
    """Messages of the vendor that name the customer, one of them in quarantine."""
    at = datetime.now(UTC).isoformat()
    for number, about in enumerate((purchase["id"], str(new_id()))):
        parcel = {
            "carrier": "VANS",
            "tracking_number": f"Z{number}",
            "tracking_url": f"https://vans.example/{EMAIL}",
            "lines": [{"line_id": purchase["lines"][0]["line_id"], "quantity": 2}],
        }
        said = {"type": "ship", "id": f"said {number}", "purchase_order": about, "occurred_at": at}
        await send(client, "vendors/V01/messages", said | {"parcels": [parcel]})


async def test_nothing_is_found_of_who_was_forgotten(
    town: Town, vendor: StrictVendor, database: Database
):
    shop, client = town.shop, town.shop.client
    vendor.script(steps=[])
    await open_channels(client)

    async def stocked() -> bool:
        shown = await shop.read("availability", sku=["POT"], channel="web")
        return shown["items"][0]["available"] == 7

    await eventually(stocked)
    other = await send(client, "orders", order(("LAMP", 1)))
    placed = await by_web(town)
    await by_cart(client)
    await by_message(client)
    (purchase,) = await shop.read_all("purchase-orders", order_id=placed["id"])
    await by_vendor(client, purchase)
    customer_id = (await shop.read(f"orders/{placed['number']}"))["customer_id"]
    await send(client, f"customers/{customer_id}/addresses/home", {"address": HOME}, method="PUT")
    proof = {"purpose": "newsletter", "granted": True, "proof": SAID}
    await send(client, f"customers/{customer_id}/consents", proof)

    async def settled() -> bool:
        messages = await shop.read_all("channel-messages")
        mails = [await shop.read_all(f"orders/{o['id']}/messages") for o in (placed, other)]
        return sorted(m["state"] for m in messages) == [
            *("applied", "applied", "quarantined", "quarantined")
        ] and all(one["state"] != "due" for mail in mails for one in mail)

    await eventually(settled)
    async with database.transaction(shop.name) as tx:
        assert set(await found(tx)) == set(WORDS)
    report = await shop.forget(customer_id, f"{NAME} asked for it by {EMAIL}")
    async with database.transaction(shop.name) as tx:
        # The law wants kept whom documents are for, and nothing else holds who was forgotten.
        kept = set().union(*(await found(tx)).values())
        assert kept <= {"documents_document"}
        await tx.execute("update documents_document set buyer = '{}'")
        assert await found(tx) == {}
        assert await tx.fetchval("select count(*) from carriers_label_document") == 0
    emptied = {place["place"] for place in report["places"] if place["rows"]}
    assert "documents_document.buyer" in report["kept"]
    assert {"carriers_label_document.content", "orders_stop.reason", "platform_log.body"} <= emptied
    ada = await shop.read(f"orders/{other['number']}")
    assert (ada["ship_to"]["name"], ada["lines"][0]["sku"]) == ("Ada Brown", "LAMP")
    books = await shop.read("ledger/trial-balance", entity="mf")
    assert sum(row["balance_minor"] for row in books["balances"]) == 0

    async def sound() -> bool:
        return await shop.findings() == []

    await eventually(sound)
