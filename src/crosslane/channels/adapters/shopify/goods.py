"""Goods of a shop: what is on its way, what lies where, what is sold and for how much."""

from collections.abc import Iterator

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.shopify.resource import identity
from crosslane.channels.adapters.shops import address
from crosslane.channels.domain.messages import Message, StockRow, SupplySnapshot
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods, PricePatch, ProductPatch

STEPS = {
    "pending": "requested",
    "open": "accepted",
    "success": "shipped",
    "cancelled": "cancelled",
    "error": "failed",
    "failure": "failed",
    "label_printed": "packed",
    "label_purchased": "packed",
    "attempted_delivery": "in_transit",
    "ready_for_pickup": "ready",
    "confirmed": "shipped",
    "in_transit": "in_transit",
    "out_for_delivery": "in_transit",
    "delivered": "delivered",
    "delayed": "in_transit",
    "carrier_picked_up": "shipped",
    "picked_up": "collected",
    "not_delivered": "failed",
}
# What was taken back or failed in the shop stays so, whatever was last heard of its parcel.
ENDED = ("cancelled", "error", "failure")
OPTIONS = ("option1", "option2", "option3")
DISCONNECTED = "inventory_levels/disconnect"


def fulfillment(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what happened to goods on their way."""
    status, heard = branch.word("status"), branch.word("shipment_status")
    # A shipment's own word, where a carrier has given one, says more than the fulfillment's.
    own = status and (status in ENDED or heard not in STEPS)
    word = branch.text("status" if own else "shipment_status")
    step = STEPS.get(word)
    if step is None:
        raise branch.wrong("status", f"one of {', '.join(sorted(STEPS))}")
    yield FulfillmentEvent(
        **identity(branch, context),  # type: ignore[arg-type]
        order=branch.needed("order_id"),
        step=step,  # type: ignore[arg-type]
        lines=tuple(moved_goods(part) for part in branch.branches("line_items")),
        location=branch.text("location_id"),
        carrier=branch.text("tracking_company"),
        service=branch.text("service"),
        tracking=_several(branch, "tracking_numbers", "tracking_number"),
        links=_several(branch, "tracking_urls", "tracking_url"),
        ship_to=address(branch.branch("destination")),
        reason=word if step == "failed" else "",
    )


def moved_goods(branch: Branch) -> MovedGoods:
    """Return units of an order's line."""
    units = branch.whole("quantity")
    if units is None:
        raise branch.missing("quantity")
    return MovedGoods(
        id=branch.text("id"),
        article=branch.text("variant_id"),
        sku=branch.text("sku"),
        quantity=units,
        title=branch.text("title"),
    )


def _several(branch: Branch, many: str, one: str) -> tuple[str, ...]:
    first, listed = branch.text(one), branch.take(many)
    if listed is not None and not isinstance(listed, list):
        raise branch.wrong(many, "a list")
    found = [str(each) for each in listed or [] if each]
    return tuple(dict.fromkeys([*([first] if first else []), *found]))


def inventory_levels(branch: Branch, context: Context) -> Iterator[Message]:
    """Say how many of an article lie at a location, as far as the shop may sell them."""
    item, location = branch.needed("inventory_item_id"), branch.needed("location_id")
    units = branch.whole("available")
    if units is None and context.topic == DISCONNECTED:
        units = 0
    told = identity(branch, context) | {"source_id": f"{item}@{location}"}
    rows = () if units is None else (StockRow(article=item, quantity=units),)
    yield SupplySnapshot(**told, location=location, rows=rows)  # type: ignore[arg-type]


def product(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what the variants of a product are, and what each costs."""
    names = [part.text("name") for part in branch.branches("options")]
    pictures = _pictures(branch)
    published = branch.moment("published_at", zone=context.timezone) is not None
    status = branch.text("status")
    shared = {
        "title": branch.text("title"),
        "text": branch.text("body_html"),
        "brand": branch.text("vendor"),
        "kind": branch.text("product_type"),
        "pictures": pictures,
        "on_sale": published if status in ("", "active") else False,
    }
    variants = branch.branches("variants")
    for part in variants:
        yield from _variant(part, context, shared, names)
    if not variants:
        yield ProductPatch(**identity(branch, context, prefix="product/"), **shared)  # type: ignore[arg-type]


def variant(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what one variant is, and what it costs."""
    yield from _variant(branch, context, {"title": branch.text("title")}, [])


def _variant(
    branch: Branch, context: Context, shared: dict[str, object], names: list[str]
) -> Iterator[Message]:
    told = identity(branch, context)
    grams = branch.whole("grams")
    chosen = {
        (names[n] if n < len(names) and names[n] else name): value
        for n, name in enumerate(OPTIONS)
        if (value := branch.text(name))
    }
    number = str(told["source_id"])
    yield ProductPatch(
        **told,  # type: ignore[arg-type]
        **shared,  # type: ignore[arg-type]
        article=number,
        stock=branch.text("inventory_item_id"),
        sku=branch.text("sku"),
        gtin=branch.text("barcode"),
        options=chosen,
        weight_grams=grams,
        tracked=branch.take("inventory_management") is not None
        if "inventory_management" in branch
        else None,
    )
    price = branch.milli("price", context.currency)
    if price is not None:
        yield PricePatch(
            **told,  # type: ignore[arg-type]
            article=number,
            sku=branch.text("sku"),
            unit_price_milli=price,
            was_milli=branch.milli("compare_at_price", context.currency),
            currency=context.currency,
        )


def inventory_item(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what the shop counts of an article, and what it cost."""
    yield ProductPatch(
        **identity(branch, context, prefix="stock/"),  # type: ignore[arg-type]
        stock=branch.text("id"),
        sku=branch.text("sku"),
        tracked=branch.flag("tracked"),
        country=branch.text("country_code_of_origin"),
        tariff=branch.text("harmonized_system_code"),
        cost_milli=branch.milli("cost", context.currency),
        currency=context.currency if "cost" in branch else "",
    )


def _pictures(branch: Branch) -> tuple[str, ...]:
    return tuple(found for part in branch.branches("images") if (found := part.text("src")))
