"""What channels say articles cost: into the list that policy names, where it names one.

What holds at an instant is what the highest version says that runs then; see
``domain/registers.py``. A price whose article nobody knows waits for it.
"""

from collections.abc import Sequence

from crosslane import catalog, pricing
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.registers import (
    PriceStanding,
    price_told,
    prices_with,
    rows_of,
)
from crosslane.channels.domain.reports import PricePatch
from crosslane.channels.errors import ArticleUnknown
from crosslane.channels.service.following import follow_each
from crosslane.channels.service.pending import Todo, outcome_of, refused
from crosslane.channels.service.products import NOT_MASTER, article_key, mastery
from crosslane.channels.storage import told as storage
from crosslane.channels.storage.messages import Outcome
from crosslane.channels.storage.told import Source
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx

KIND = "price"
ARTICLE_MISSING = Fault("article-missing", "Its article has not come yet", "/sku")


async def follow(tx: Tx, todo: Sequence[Todo]) -> list[Outcome]:
    """Take over what channels say articles cost, in the order of versions."""
    return await follow_each(tx, todo, KIND, PriceStanding, _follow)


async def _follow(tx: Tx, one: Todo, known: dict[Source, PriceStanding]) -> Outcome:
    message = one.message
    if not isinstance(message, PricePatch):
        raise TypeError(f"{one.pending.kind} says nothing of a price")
    price_list = (await mastery(tx, one.pending.channel)).price_list
    if not price_list:
        return outcome_of(one, "kept", NOT_MASTER)
    try:
        return await _tell(tx, one, message, price_list, known)
    except Refusal as refusal:
        return refused(one, refusal)


async def _tell(
    tx: Tx,
    one: Todo,
    message: PricePatch,
    code: str,
    known: dict[Source, PriceStanding],
) -> Outcome:
    if not message.sku:
        raise ArticleUnknown(pointer="/sku", article=message.article or message.source_id)
    price_list = await pricing.get_price_list(tx, code)
    if (fault := _unfit(message, price_list)) is not None:
        return outcome_of(one, "quarantined", fault)
    variant = (await catalog.variants_by_sku(tx, [message.sku])).get(message.sku)
    if variant is None:
        key = article_key(message.sku)
        return outcome_of(one, "parked", ARTICLE_MISSING, waits_for=key)
    after = prices_with(known.get(one.source, PriceStanding()), price_told(message))
    rows = tuple(
        pricing.PriceRow(
            sku=variant.sku,
            unit_price_milli=price.milli,
            valid_from=price.starts_at,
            valid_to=price.ends_at,
        )
        for price in rows_of(after)
    )
    async with tx.savepoint():
        done = await pricing.import_prices(tx, pricing.ImportPrices(price_list=code, rows=rows))
    if done.refused:
        problem = done.problems[0]
        pointer = "/" + problem.pointer.rpartition("/")[2]
        return outcome_of(one, "quarantined", Fault(problem.code, problem.message, pointer))
    known[one.source] = after
    await storage.save_told(tx, KIND, {one.source: after})
    return outcome_of(one, "applied", variant_id=variant.id)


def _unfit(message: PricePatch, price_list: pricing.PriceList) -> Fault | None:
    """Return why a price cannot be one of the list: other money, tax in it or not."""
    if message.currency not in ("", price_list.currency):
        detail = f"The price is in {message.currency}, the list in {price_list.currency}"
        return Fault("currency-differs", detail, "/currency")
    gross = price_list.basis == "gross"
    if message.includes_tax not in (None, gross):
        told = "includes" if message.includes_tax else "excludes"
        return Fault(
            "tax-mode-differs", f"The price {told} tax, those of the list do not", "/includes_tax"
        )
    return None
