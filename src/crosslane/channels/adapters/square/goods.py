"""Goods at a till: what is sold and for how much, what lies where, and what came or went.

Square counts what a location has ``IN_STOCK``; all other states are of goods that are not to be
sold, and are notices. What a sale or a customer's return moves is told by its order, so that it is
not counted twice.
"""

from collections.abc import Iterator

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.square.resource import (
    amount,
    currency_of,
    identity,
    notice,
    times,
    units,
    when,
)
from crosslane.channels.domain.messages import Message, StockRow, SupplyDelta, SupplySnapshot
from crosslane.channels.domain.reports import PricePatch, ProductPatch
from crosslane.kernel import MILLI_PER_MINOR

IN_STOCK = "IN_STOCK"
BY_ORDERS = frozenset(
    ("SOLD", "RETURNED_BY_CUSTOMER", "RESERVED_FOR_SALE", "SOLD_ONLINE", "UNLINKED_RETURN")
)
ARTICLE = "ITEM_VARIATION"
CHANGES = {"PHYSICAL_COUNT": "physical_count", "ADJUSTMENT": "adjustment", "TRANSFER": "transfer"}


def count(branch: Branch, context: Context) -> Iterator[Message]:
    """Say how many of an article lie at a location, as counted or as calculated."""
    article, location = branch.needed("catalog_object_id"), branch.needed("location_id")
    kind = branch.word("catalog_object_type")
    if branch.word("state") != IN_STOCK or kind not in ("", ARTICLE):
        yield notice(branch, context, f"inventory {branch.word('state') or 'count'}")
        return
    at = when(branch, "occurred_at", "calculated_at", "created_at")
    told = identity(f"{article}@{location}", at, at, context)
    row = StockRow(article=article, quantity=units(branch))
    yield SupplySnapshot(**told, location=location, rows=(row,))


def change(branch: Branch, context: Context) -> Iterator[Message]:
    """Say a change of stock, whichever kind it is."""
    kind = branch.word("type")
    if kind not in CHANGES:
        raise branch.wrong("type", f"one of {', '.join(sorted(CHANGES))}")
    part = branch.branch(CHANGES[kind])
    yield from count(part, context) if kind == "PHYSICAL_COUNT" else adjustment(part, context)


def adjustment(branch: Branch, context: Context) -> Iterator[Message]:
    """Say units that came to a location or went; between two locations both are said."""
    number = branch.needed("id")
    moved = branch.word("state")
    before, after = branch.word("from_state") or moved, branch.word("to_state") or moved
    here = branch.word("location_id")
    source = branch.word("from_location_id") or here
    target = branch.word("to_location_id") or here
    rows: list[tuple[str, int]] = []
    if not {before, after} & BY_ORDERS and branch.word("catalog_object_type") in ("", ARTICLE):
        if before == IN_STOCK:
            rows.append((source, -units(branch)))
        if after == IN_STOCK:
            rows.append((target, units(branch)))
    if not rows or (len(rows) > 1 and source == target):
        yield notice(branch, context, f"inventory {before} to {after}", number)
        return
    article = branch.needed("catalog_object_id")
    at = when(branch, "occurred_at", "created_at")
    branch.text("location_id")
    branch.text("from_location_id")
    branch.text("to_location_id")
    for place, quantity in rows:
        name = number if len(rows) == 1 else f"{number}@{place}"
        if not place:
            raise branch.missing("location_id")
        told = identity(name, at, at, context)
        row = StockRow(article=article, quantity=quantity)
        yield SupplyDelta(**told, location=place, rows=(row,))


def catalog_object(branch: Branch, context: Context) -> Iterator[Message]:
    """Say articles and their prices; what else a catalog holds is a notice."""
    kind, gone = branch.word("type"), branch.peek("is_deleted") is True
    if kind == ARTICLE:
        yield from _variation(branch, context, Branch.of({}), gone=gone)
        return
    item = branch.branch("item_data") if kind == "ITEM" else Branch.of({})
    variations = item.branches("variations")
    for part in variations:
        yield from _variation(part, context, item, gone=gone or part.peek("is_deleted") is True)
    if not variations:
        yield notice(branch, context, f"catalog {kind or 'object'}"[:100], branch.word("id"))


def _variation(branch: Branch, context: Context, item: Branch, *, gone: bool) -> Iterator[Message]:
    number = branch.needed("id")
    data = branch.branch("item_variation_data")
    told = identity(number, *times(branch), context)
    sku = data.text("sku")
    gtin = data.word("upc")
    name = data.text("name")
    archived = item.peek("is_archived") is True
    yield ProductPatch(
        **told,
        article=number,
        sku=sku,
        gtin=data.text("upc") if gtin.isdecimal() and len(gtin) <= 14 else "",
        title=(item.text("name") or name)[:500],
        text=item.text("description_html", "description_plaintext", "description")[:20_000],
        options={"variation": name} if name and item else {},
        on_sale=False if gone or archived or data.peek("sellable") is False else None,
        tracked=data.flag("track_inventory"),
        gone=gone,
    )
    currency = currency_of(data, "price_money")
    price = amount(data, "price_money", currency) if currency else None
    if price is not None and not gone:
        yield PricePatch(
            **told,
            article=number,
            sku=sku,
            unit_price_milli=price * MILLI_PER_MINOR,
            currency=currency,
        )
