"""Importing prices by the ten thousand, and reading them back."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.catalog import variants_by_id, variants_by_sku
from crosslane.kernel import Instant, RowProblem
from crosslane.organization import Code
from crosslane.platform import audit, facts, log
from crosslane.platform.database import Tx
from crosslane.pricing.domain.imports import PriceRow, judge_prices
from crosslane.pricing.domain.lists import Price, PriceList, runs
from crosslane.pricing.errors import PriceListUnknown
from crosslane.pricing.events import VARIANTS_PER_EVENT_MAX, PricesChanged
from crosslane.pricing.service.carts import TERMS
from crosslane.pricing.storage import prices as storage

ROWS_MAX = 50_000
PROBLEMS_TOLD_MAX = 1_000


class ImportPrices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Add prices to a list, or correct those of the same SKU, quantity and start.

    Args:
        price_list: code of the list.
        rows: the prices; one that cannot be taken is told and the others are stored.
        valid_from: start of rows that name none; the moment of the import when left out.
        dry_run: only tell what would happen.
    """

    price_list: Code
    rows: Annotated[tuple[PriceRow, ...], msgspec.Meta(min_length=1, max_length=ROWS_MAX)]
    valid_from: Instant | None = None
    dry_run: bool = False


class PricesImported(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do.

    Args:
        dry_run: nothing was stored.
        created: rows that were new.
        changed: rows that were there with another price or end.
        unchanged: rows that were there as they are.
        refused: rows that were not taken.
        problems: why, for the first of them.
    """

    dry_run: bool
    created: int
    changed: int
    unchanged: int
    refused: int
    problems: tuple[RowProblem, ...]


class ListedPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a price list as people read it."""

    sku: str
    quantity_min: int
    unit_price_milli: int
    valid_from: datetime
    valid_to: datetime | None


async def import_prices(tx: Tx, wish: ImportPrices) -> PricesImported:
    """Store the prices that can be stored; the number of statements does not grow with the rows.

    Raises:
        PriceListUnknown: there is no such list.
    """
    price_list = await get_price_list(tx, wish.price_list)
    variants = await variants_by_sku(tx, list({row.sku for row in wish.rows}))
    prices, problems = judge_prices(
        wish.rows,
        price_list_id=price_list.id,
        variant_ids={sku: variant.id for sku, variant in variants.items()},
        valid_from=wish.valid_from or tx.now,
    )
    created, changed = await storage.compare_prices(tx, price_list.id, prices)
    if not wish.dry_run and created + changed:
        written = await storage.upsert_prices(tx, price_list.id, prices)
        await log.append(tx, list(_events(price_list, written)))
    imported = PricesImported(
        dry_run=wish.dry_run,
        created=created,
        changed=changed,
        unchanged=len(prices) - created - changed,
        refused=len(problems),
        problems=tuple(problems[:PROBLEMS_TOLD_MAX]),
    )
    # The journal keeps how much was changed; each price itself says from when it holds.
    told = msgspec.structs.replace(imported, problems=())
    change = audit.Change(
        action="pricing.import_prices", subject=f"price_list:{price_list.code}", after=told
    )
    await audit.record(tx, [change])
    return imported


async def get_price_list(tx: Tx, code: str) -> PriceList:
    """Return the price list with a code, or raise PriceListUnknown."""
    for each in (await facts.get(tx, TERMS)).price_lists:
        if each.code == code:
            return each
    raise PriceListUnknown(code=code[:60])


async def list_listed_prices(
    tx: Tx,
    *,
    price_list: str,
    sku: str | None,
    after: tuple[UUID, int, datetime] | None,
    limit: int,
) -> list[tuple[Price, ListedPrice]]:
    """Return a page of a list's rows, past and coming ones too, each with its sort key's row.

    Raises:
        PriceListUnknown: there is no such list.
    """
    found = await get_price_list(tx, price_list)
    variant_id = None
    if sku is not None:
        variants = await variants_by_sku(tx, [sku])
        if not variants:
            return []
        variant_id = variants[sku].id
    prices = await storage.list_price_rows(
        tx,
        price_list_id=found.id,
        variant_id=variant_id,
        after=after or storage.BEFORE_ALL,
        limit=limit,
    )
    variants_of = await variants_by_id(tx, list({each.variant_id for each in prices}))
    return [(each, _listed(each, variants_of[each.variant_id].sku)) for each in prices]


async def prices_in_force(tx: Tx, variant_id: UUID) -> list[tuple[PriceList, Price]]:
    """Return what an article costs now in every price list that is offered, by list and quantity.

    Of prices of one list and quantity that hold at once the latest to begin is told.
    """
    lists = [each for each in (await facts.get(tx, TERMS)).price_lists if runs(each, tx.now)]
    moment = (tx.now, tx.now + timedelta.resolution)
    wanted = [(variant_id, each.id, *moment) for each in lists]
    found: list[tuple[PriceList, Price]] = []
    rows_of = await storage.list_prices(tx, wanted) if wanted else []
    for each, rows in zip(lists, rows_of, strict=True):
        ordered = sorted(rows, key=lambda row: (row.quantity_min, row.valid_from))
        decides = {row.quantity_min: row for row in ordered}
        found += [(each, row) for row in decides.values()]
    return sorted(found, key=lambda one: (one[0].code, one[1].quantity_min))


def _listed(price: Price, sku: str) -> ListedPrice:
    return ListedPrice(
        sku=sku,
        quantity_min=price.quantity_min,
        unit_price_milli=price.unit_price_milli,
        valid_from=price.valid_from,
        valid_to=price.valid_to,
    )


def _events(price_list: PriceList, variant_ids: Sequence[UUID]) -> Iterator[PricesChanged]:
    for start in range(0, len(variant_ids), VARIANTS_PER_EVENT_MAX):
        part = tuple(variant_ids[start : start + VARIANTS_PER_EVENT_MAX])
        yield PricesChanged(price_list_id=price_list.id, variant_ids=part)
