"""What a channel is offered now: units by location, and prices, as they would be told."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane import inventory, locations, organization, pricing
from crosslane.catalog import Variant
from crosslane.channels.domain.offering import EVERYWHERE, OFFERING, Figure, Offering, figures
from crosslane.channels.service.connecting import connection_of
from crosslane.channels.storage.articles import Part, list_names
from crosslane.channels.storage.offers import Sort
from crosslane.inventory import Survey
from crosslane.organization import Channel, PolicyBook
from crosslane.platform.database import Tx
from crosslane.pricing import ShownPrice

STOCK: Sort = "supply_snapshot"
PRICE: Sort = "price"


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel would be told of an article now.

    Args:
        values: by the location it is told for: units, or what :func:`price_value` returns.
        changes_at: when that may change by the clock alone, None when never.
        named: the channel has the article at all, so that it can be told of it.
    """

    values: Mapping[str, Any]
    changes_at: datetime | None = None
    named: bool = True


class Terms:
    """What decides on the offers of one channel.

    Args:
        channel: which.
        policies: what the retailer has decided.
        at: when.
        places: codes of the locations that have a name in the channel.

    Attributes:
        names: what the channel calls articles, by SKU; as far as it was asked for.
    """

    def __init__(
        self, channel: Channel, policies: PolicyBook, at: datetime, places: Sequence[str]
    ) -> None:
        self.channel, self.at, self.places = channel, at, places
        self.names: dict[str, dict[Part, str]] = {}
        self._policies = policies
        self._named = {s.code for s in policies.scopes(OFFERING) if s.type == "category"}
        self._known: dict[tuple[str, ...], tuple[Offering, UUID | None]] = {}

    def offering(self, variant: Variant) -> tuple[Offering, UUID | None]:
        """Return what is offered of an article, and the policy version that says so."""
        path = tuple(code for code in variant.category_path if code in self._named)
        if path not in self._known:
            self._known[path] = self._policies.resolve(
                OFFERING,
                self.at,
                category=path,
                channel=self.channel.code,
                brand=self.channel.brand,
            )
        return self._known[path]

    def refusal(self, variant: Variant) -> str:
        """Return why an article is not sold in the channel, "" when it is."""
        sold = self.offering(variant)[0].sold
        if sold == "none":
            return "not-offered"
        if sold == "named" and variant.sku not in self.names:
            return "not-named"
        if not variant.active:
            return "not-on-sale"
        return "" if self.channel.active else "channel-closed"

    def offerings(self) -> list[Offering]:
        """Return all that is offered of any article, whatever its category."""
        return [
            self._policies.resolve(
                OFFERING,
                self.at,
                category=(code,) if code else (),
                channel=self.channel.code,
                brand=self.channel.brand,
            )[0]
            for code in ("", *sorted(self._named))
        ]


async def open_terms(tx: Tx, code: str, variants: Sequence[Variant] = ()) -> Terms:
    """Return what decides on the offers of a channel, with the names it has of some articles.

    Raises:
        UnknownChannel: there is no such channel.
    """
    channel = (await organization.book(tx)).channel(code)
    connection = await connection_of(tx, code)
    places = sorted(set(connection.locations.values()))
    terms = Terms(channel, await organization.policies(tx), tx.now, places)
    if variants:
        terms.names = await list_names(tx, code, [variant.sku for variant in variants])
    return terms


async def what_is(tx: Tx, terms: Terms, kind: Sort, variants: Sequence[Variant]) -> dict[UUID, Now]:
    """Return what a channel would be told of articles now, by their ids.

    Args:
        tx: open transaction.
        terms: with the names of these articles.
        kind: stock or prices.
        variants: which.
    """
    if kind == PRICE:
        return await _prices(tx, terms, variants)
    told = await stock_figures(tx, terms, variants)
    run_out = await inventory.holds_run_out(tx, _parts(variants))
    return {
        variant.id: Now(
            values={place: figure.units for place, figure in told[variant.id].items()},
            changes_at=min(
                (run_out[part] for part in needs_of(variant) if part in run_out), default=None
            ),
            named=terms.refusal(variant) != "not-named",
        )
        for variant in variants
    }


async def stock_figures(
    tx: Tx, terms: Terms, variants: Sequence[Variant]
) -> dict[UUID, dict[str, Figure]]:
    """Return the figures of articles by the location they are told for, with how they came about.

    Two statements, however many there are.
    """
    survey = await inventory.survey(tx, _parts(variants), channel_id=terms.channel.id)
    codes = {each.id: each.code for each in (await locations.network(tx)).all}
    return {variant.id: _figures(terms, variant, survey, codes) for variant in variants}


def price_value(price: ShownPrice) -> dict[str, Any]:
    """Return what is kept of a price that was told."""
    return {
        "unit_price_milli": price.unit_price_milli,
        "was_milli": price.was_milli,
        "currency": price.currency,
        "includes_tax": price.includes_tax,
    }


async def _prices(tx: Tx, terms: Terms, variants: Sequence[Variant]) -> dict[UUID, Now]:
    classes = {variant.id: variant.tax_class for variant in variants}
    shown = await pricing.shown_prices(tx, terms.channel, classes)
    found: dict[UUID, Now] = {}
    for variant in variants:
        price, refusal = shown[variant.id].price, terms.refusal(variant)
        told = terms.offering(variant)[0].prices
        found[variant.id] = Now(
            values={EVERYWHERE: price_value(price)} if price and not refusal and told else {},
            changes_at=shown[variant.id].changes_at,
            named=refusal != "not-named",
        )
    return found


def needs_of(variant: Variant) -> dict[UUID, int]:
    """Return what lies on shelves for one of an article: a bundle stands for its components."""
    if not variant.is_bundle:
        return {variant.id: 1}
    return {part.variant_id: part.quantity for part in variant.components}


def _parts(variants: Sequence[Variant]) -> list[UUID]:
    return list({part for variant in variants for part in needs_of(variant)})


def _figures(
    terms: Terms, variant: Variant, survey: Survey, codes: Mapping[UUID, str]
) -> dict[str, Figure]:
    offering, _ = terms.offering(variant)
    needs = needs_of(variant)

    def sets(has: Callable[[UUID], int]) -> int:
        return min(has(part) // quantity for part, quantity in needs.items())

    counted = {
        at: codes[at]
        for part in needs
        for at in survey.candidates(part)
        if at in codes and (not offering.locations or codes[at] in offering.locations)
    }
    return figures(
        offering,
        {code: sets(lambda part, at=at: survey.available(part, at)) for at, code in counted.items()}
        if offering.by_location
        else {},
        sets(lambda part: sum(survey.available(part, at) for at in counted)),
        terms.places,
        sells=not terms.refusal(variant),
    )
