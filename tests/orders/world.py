"""A small retailer to place orders with: two DCs, a store, two channels, four articles."""

from datetime import UTC, datetime
from importlib.resources import files
from uuid import UUID

import msgspec

from crosslane import (
    carriers,
    catalog,
    customers,
    inventory,
    locations,
    organization,
    payments,
    pricing,
)
from crosslane.carriers.service import rates
from crosslane.catalog.domain import ComponentRow, ProductRow
from crosslane.catalog.service import ImportProducts, PutCategories, PutCategory
from crosslane.customers import Address
from crosslane.kernel import Refusal, new_id
from crosslane.locations import LocationDraft
from crosslane.locations.service.network import add_location
from crosslane.orders import (
    INTAKE,
    PLACE,
    BuyerWish,
    LineWish,
    OrderView,
    Placed,
    PlaceOrder,
    TenderWish,
    order_view,
)
from crosslane.organization import (
    PutBrand,
    PutChannel,
    PutEntity,
    PutMarket,
    Scope,
    SetPolicy,
)
from crosslane.payments import PutCredit, put_credits
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Command, Lanes
from crosslane.pricing.domain.lists import Price
from crosslane.pricing.storage.prices import upsert_prices

LONG_AGO = datetime(2009, 1, 1, tzinfo=UTC)
STORE_ABILITIES = {"ship", "pickup", "ship_to_store", "carry_out", "receive_returns"}
Week = dict[str, tuple[str, ...]]
WEEK: Week = dict.fromkeys(
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday"), ("08:00-20:00",)
)
HOME = Address(
    country="GB", lines=("12 High Street",), city="Oxford", postcode="OX1 4AA", name="Ada Brown"
)
STOCK = {("MUG", "DC1"): 10, ("MUG", "S0001"): 4, ("LAMP", "DC2"): 5, ("SPOON", "DC1"): 50}

organization.register_policies([INTAKE, *payments.POLICIES, *pricing.POLICIES, catalog.FULFILLMENT])


async def found_retailer(database: Database, tenant: str, week: Week = WEEK) -> None:
    """Fill a tenant with everything an order needs; ``week`` is when its places work."""
    # Postcodes are read at first use, which on a busy machine takes longer than a transaction may
    # be idle.
    locations.position_of(HOME.country, HOME.postcode)
    async with database.transaction(tenant) as tx:
        await _organization(tx)
        await _catalog(tx)
        await _places(tx, week)
        await _prices(tx)
    async with database.transaction(tenant) as tx:
        await stock_up(tx, STOCK)


async def _organization(tx: Tx) -> None:
    await organization.put_entity(tx, PutEntity("mf", "Marlow & Finch Ltd", "GB", "GBP"))
    await organization.put_brand(tx, PutBrand("marlow", "Marlow"))
    market = PutMarket("gb", "Britain", "GB", "GBP", ("en-GB",), "inclusive", "Europe/London")
    await organization.put_market(tx, market)
    for code, kind, mode in (
        ("web", "web", "inclusive"),
        ("trade", "phone", "exclusive"),
        ("till", "store", "inclusive"),
        ("bazaar", "marketplace", "inclusive"),
    ):
        await organization.put_channel(
            tx, PutChannel(code, code, kind, "marlow", "gb", "mf", tax_mode=mode)
        )
    for channel, value in (
        ("trade", {"backdating": True}),
        ("till", {"backdating": True}),
        ("bazaar", {"backdating": True, "bad_address": "stop"}),
    ):
        await set_policy(tx, "orders.intake", value, channel)
    await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, "bazaar")


async def set_policy(tx: Tx, kind: str, value: dict, channel: str) -> None:
    wish = SetPolicy(kind, value, "as agreed", Scope("channel", channel), LONG_AGO)
    await organization.set_policy(tx, wish)


async def _catalog(tx: Tx) -> None:
    await catalog.put_categories(tx, PutCategories((PutCategory("home", "Home"),)))
    rows = (
        ProductRow("MUG", "home", title="Red mug", weight_grams=350),
        ProductRow("LAMP", "home", title="Desk lamp", weight_grams=2_500),
        ProductRow("SPOON", "home", title="Tea spoon", weight_grams=30),
        ProductRow(
            "SET",
            "home",
            title="Tea for two",
            components=(ComponentRow("MUG", 2, 3), ComponentRow("SPOON", 2, 1)),
        ),
    )
    await catalog.import_products(tx, ImportProducts(rows))


async def _places(tx: Tx, week: Week) -> None:
    for code, kind, postcode, abilities in (
        ("DC1", "warehouse", "DE74 2NE", {"ship"}),
        ("DC2", "warehouse", "SN3 4NF", {"ship"}),
        ("S0001", "store", "OX1 1AA", STORE_ABILITIES),
    ):
        draft = LocationDraft(
            code=code,
            kind=kind,
            entity="mf",
            name=f"Place {code}",
            country="GB",
            nation="ENG",
            postcode=postcode,
            timezone="Europe/London",
            abilities=frozenset(abilities),
            hours=week,
            cut_off="15:00",
            handling_hours=2,
            handling_parcel_minor=110 if kind == "store" else 55,
        )
        await add_location(tx, draft)
    packed = msgspec.json.decode(
        files("crosslane.carriers").joinpath("house_carrier.json").read_bytes()
    )
    carrier = msgspec.convert(packed["carrier"], carriers.CarrierDraft)
    await rates.save_carrier(tx, carriers.SaveCarrier(carrier))
    tariff = msgspec.convert(packed["tariff"], carriers.TariffDraft)
    await rates.add_tariff(tx, carriers.AddTariff("house", tariff))


async def _prices(tx: Tx) -> None:
    standard = [
        pricing.TaxRateRow(
            country="GB", tax_class="standard", rate_bp=bp, valid_from=datetime(y, 1, d, tzinfo=UTC)
        )
        for bp, y, d in ((1750, 2010, 1), (2000, 2011, 4))
    ]
    await pricing.put_tax_rates(tx, pricing.PutTaxRates(tuple(standard)))
    delivery = pricing.ShippingPriceRow(
        service="STANDARD48", currency="GBP", basis="gross", amount_minor=395, valid_from=LONG_AGO
    )
    await pricing.put_shipping_prices(tx, pricing.PutShippingPrices((delivery,)))
    retail = pricing.PutPriceList(
        code="retail",
        title="Retail",
        currency="GBP",
        basis="gross",
        tax_country="GB",
        valid_from=LONG_AGO,
    )
    listed = await pricing.put_price_list(tx, retail)
    variants = await catalog.variants_by_sku(tx, ["MUG", "LAMP", "SPOON", "SET"])
    prices = {"MUG": 600_000, "LAMP": 2_499_000, "SPOON": 99_500, "SET": 1_350_000}
    rows = [
        Price(
            price_list_id=listed.id,
            variant_id=variants[sku].id,
            unit_price_milli=milli,
            quantity_min=1,
            valid_from=LONG_AGO,
        )
        for sku, milli in prices.items()
    ]
    await upsert_prices(tx, listed.id, rows)


async def stock_up(tx: Tx, stock: dict[tuple[str, str], int]) -> None:
    """Receive units of SKUs at locations."""
    variants = await catalog.variants_by_sku(tx, sorted({sku for sku, _ in stock}))
    network = await locations.network(tx)
    await inventory.receive(
        tx,
        [
            inventory.Receipt(
                variant_id=variants[sku].id,
                location_id=network.by_code[code].id,
                quantity=units,
                cause=inventory.Cause("delivery", (delivery := new_id()), delivery),
                unit_cost_milli=200_000,
            )
            for (sku, code), units in stock.items()
        ],
    )


def wish(*lines: LineWish | str, **changes) -> PlaceOrder:
    """A web order of lines or single units of SKUs, paid in cash at collection."""
    given = {
        "channel": "web",
        "buyer": BuyerWish(email="ada@example.com", name="Ada Brown"),
        "ship_to": HOME,
        "tenders": [TenderWish(method="cash")],
        **changes,
    }
    return PlaceOrder(
        lines=[LineWish(sku=line, quantity=1) if isinstance(line, str) else line for line in lines],
        **given,
    )


async def place(lanes: Lanes, tenant: str, asked: PlaceOrder, key: str = "") -> Placed:
    """Place an order; raises its refusal."""
    return await lanes.run(tenant, PLACE, key or str(new_id()), asked)


async def refusal(lanes: Lanes, tenant: str, asked: PlaceOrder) -> Refusal:
    """Return the refusal of an order."""
    answer = await lanes.submit(tenant, PLACE, Command(str(new_id()), SYSTEM, asked))
    assert isinstance(answer.outcome, Refusal)
    return answer.outcome


async def view(database: Database, tenant: str, order_id: UUID) -> OrderView:
    """Read an order whole."""
    async with database.transaction(tenant, read_only=True) as tx:
        return await order_view(tx, str(order_id))


async def give_credit(tx: Tx, account_number: str, limit_minor: int) -> UUID:
    """Let a trade account buy on account."""
    ref = customers.CustomerRef(account_number=account_number, name="Corner Shop")
    (customer,) = await customers.identify(tx, [ref])
    assert isinstance(customer, customers.Customer)
    await put_credits(tx, [PutCredit(customer.id, "GBP", limit_minor)])
    return customer.id


def buckets(shown: OrderView) -> dict[str, dict[tuple[str, str], int]]:
    """Return the units of an order by SKU, then by stage and location."""
    return {
        line.sku: {(b.stage, b.location): b.quantity for b in line.buckets} for line in shown.lines
    }
