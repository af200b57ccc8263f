"""How far offers stand: of a channel as a whole, and of articles beside what would be told now."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from crosslane import catalog, organization
from crosslane.channels.domain.offering import Figure, Offering
from crosslane.channels.service.offer_messages import offered
from crosslane.channels.service.offering import STOCK, open_terms, stock_figures, what_is
from crosslane.channels.storage import offers as storage
from crosslane.channels.storage.offers import OfferRow, Sort
from crosslane.platform.database import Tx


class OfferStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How far a channel's offers stand.

    Args:
        channel: code of the channel.
        kinds: what it is told of.
        offering: what it is offered, where no category says otherwise.
        offers: figures that are kept of it, each of an article's stock or price; likewise those
            that have moved, are being told, were refused, or are others than it says that it has.
        told_at: when it was told anything of them last, None when it never was.
        full_on: on which day all of its stock was told last.
    """

    channel: str
    kinds: tuple[Sort, ...]
    offering: Offering
    offers: int = 0
    waiting: int = 0
    asked: int = 0
    refused: int = 0
    drifted: int = 0
    told_at: datetime | None = None
    full_on: date | None = None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """An offer beside what would be told now.

    Args:
        offer: what is kept of it.
        title: of the article.
        now: what would be told, by the location it is told for.
        figures: how its units come about, by location; none of a price.
        refusal: why the channel does not sell it, "" when it does.
    """

    offer: OfferRow
    title: str
    now: Mapping[str, Any]
    figures: Mapping[str, Figure] = {}
    refusal: str = ""

    @property
    def differs(self) -> bool:
        """Whether the channel was told something else."""
        return any(self.offer.told.get(place) != value for place, value in self.now.items())

    @property
    def drifted(self) -> bool:
        """Whether the channel said since that it has something else than it was told."""
        row = self.offer
        if row.heard_at is None or row.told_at is None or row.heard_at <= row.told_at:
            return False
        return any(row.told.get(place) != units for place, units in row.heard.items())

    @property
    def capped(self) -> int:
        """Units over the most that is ever told."""
        return sum(figure.capped for figure in self.figures.values())


async def list_offer_standings(tx: Tx) -> list[OfferStanding]:
    """Return how far the offers of every channel stand that is, or was, told of any."""
    told = await offered(tx)
    counts = await storage.sum_offers(tx)
    known = (await organization.book(tx)).channels
    found: list[OfferStanding] = []
    for code in sorted({*told, *counts} & set(known)):
        terms = await open_terms(tx, code)
        found.append(
            OfferStanding(
                channel=code,
                kinds=tuple(sorted(told.get(code, ()))),
                offering=terms.offerings()[0],
                **counts.get(code, {}),
            )
        )
    return found


async def compare_offers(
    tx: Tx, channel: str, rows: Sequence[OfferRow], *, locale: str = ""
) -> list[Compared]:
    """Return offers of a channel beside what it would be told of them now.

    Args:
        tx: open transaction.
        channel: code of the channel.
        rows: a page of its offers.
        locale: in which articles are called.
    """
    ids = sorted({row.variant_id for row in rows})
    variants = await catalog.variants_by_id(tx, ids, locale=locale)
    terms = await open_terms(tx, channel, list(variants.values()))
    figures: Mapping[Any, Mapping[str, Figure]] = {}
    now: dict[Sort, Mapping[Any, Mapping[str, Any]]] = {}
    for kind in {row.kind for row in rows}:
        mine = [variants[row.variant_id] for row in rows if row.kind == kind]
        if kind == STOCK:
            figures = await stock_figures(tx, terms, mine)
        found = await what_is(tx, terms, kind, mine)
        now[kind] = {variant_id: one.values for variant_id, one in found.items()}
    return [
        Compared(
            offer=row,
            title=variants[row.variant_id].title,
            now=now[row.kind].get(row.variant_id, {}),
            figures=figures.get(row.variant_id, {}) if row.kind == STOCK else {},
            refusal=terms.refusal(variants[row.variant_id]),
        )
        for row in rows
    ]
