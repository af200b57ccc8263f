"""What a counter's commands name: orders, articles, and prices where a proof says too little."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane import pricing
from crosslane.catalog import Variant
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command
from crosslane.returns.service.looking import Around, Looked
from crosslane.returns.service.wishes import TakeBack

# What is asked for a blind line: its article and the channel that had sold it.
_Listed = tuple[UUID, str]


class Known(msgspec.Struct, frozen=True):
    """What a batch names.

    Args:
        ids: orders by what people call them.
        looked: the orders, locked.
        variants: articles by SKU.
        parts: components of bundles by id.
        lowest: lowest recent prices of articles by channel, where a line needs one.
    """

    ids: Mapping[str, UUID]
    looked: Looked
    variants: Mapping[str, Variant]
    parts: Mapping[UUID, Variant]
    lowest: Mapping[_Listed, pricing.Lowest]


async def lowest_of(
    tx: Tx,
    near: Around,
    commands: Sequence[Command[TakeBack]],
    variants: Mapping[str, Variant],
) -> dict[_Listed, pricing.Lowest]:
    """Look up what articles were lately listed at, for blind lines whose proof says too little.

    Raises:
        TaxRateUnknown: nobody knows the tax of one.
    """
    wishes: dict[_Listed, pricing.LowestWish] = {}
    for command in commands:
        wish = command.body
        channel = near.book.channels.get(wish.channel)
        if channel is None:
            continue
        at = wish.occurred_at or near.now
        policy, _ = near.policy(channel, at, location=wish.location)
        for line in wish.lines:
            variant = variants.get(line.sku)
            told = line.unit_price_milli is not None and line.tax_rate_bp is not None
            if variant is None or told or (wish.order and not wish.happened):
                continue
            days = policy.lowest_price_days
            wishes[variant.id, channel.code] = pricing.LowestWish(
                variant.id, variant.tax_class, channel, at, days
            )
    found = await pricing.lowest_prices(tx, list(wishes.values())) if wishes else []
    return dict(zip(wishes, found, strict=True))
