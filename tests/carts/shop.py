"""A shop to fill carts in: the pricing tests' channels with four products, stock comes later."""

from uuid import uuid4

from tests.pricing.world import LONG_AGO, open_shop

from crosslane.carts.service.editing import START
from crosslane.carts.service.wishes import (
    CartView,
    EditCart,
    OperationWish,
    StartCart,
)
from crosslane.catalog import (
    ImportProducts,
    ProductRow,
    PutCategories,
    PutCategory,
    import_products,
    put_categories,
)
from crosslane.customers import Address
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command
from crosslane.pricing import ImportPrices, PriceRow, import_prices

HOME = Address(
    country="GB",
    lines=("1 High Street",),
    city="York",
    postcode="YO1 7HH",
    name="Ann Example",
    email="ann@example.com",
)
PRICES = {"MUG": 2_000_000, "CUP": 333_000, "BOOK": 999_000}


async def stock_shop(tx: Tx) -> None:
    """Open the shop with its products and retail prices."""
    await open_shop(tx)
    await put_categories(tx, PutCategories((PutCategory("all", "All"),)))
    rows = tuple(
        ProductRow(sku, "all", tax_class="zero" if sku == "BOOK" else "standard") for sku in PRICES
    )
    retired = ProductRow("OLD", "all", active=False)
    await import_products(tx, ImportProducts((*rows, retired)))
    prices = tuple(PriceRow(sku=sku, unit_price_milli=milli) for sku, milli in PRICES.items())
    await import_prices(tx, ImportPrices(price_list="retail", valid_from=LONG_AGO, rows=prices))


def wish(change, base_version: int = 0, id=None) -> OperationWish:
    return OperationWish(id=id or uuid4(), base_version=base_version, change=change)


def starting(*changes, actor: Actor = SYSTEM, channel: str = "web") -> Command[StartCart]:
    made = tuple(wish(change, n) for n, change in enumerate(changes))
    return Command(str(uuid4()), actor, StartCart(channel=channel, operations=made))


def editing(cart: CartView, *wishes: OperationWish, actor: Actor = SYSTEM) -> Command[EditCart]:
    return Command(str(uuid4()), actor, EditCart(cart_id=cart.id, operations=wishes))


async def begin(tx: Tx, *changes, **who) -> CartView:
    """Begin a cart and return it, or raise its refusal."""
    (outcome,) = await START.handle(tx, [starting(*changes, **who)])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
