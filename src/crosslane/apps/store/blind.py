"""Goods whose order nobody knows: scanned one after the other, and taken back by policy."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Request, Response

from crosslane import catalog, organization, payments, pricing, returns
from crosslane.apps.store.counter import (
    AddressText,
    Counter,
    Goods,
    of_address,
    read_counter,
    wish_of,
)
from crosslane.apps.store.frame import PAGES, enter, say, tapped_at
from crosslane.apps.store.returning import NAMED_CHARACTERS_MAX, PERMISSION, deciding
from crosslane.apps.store.taking import OVERRIDE, candidates_of, put_on, take
from crosslane.catalog import Variant
from crosslane.kernel import Refusal
from crosslane.locations import Location
from crosslane.organization import Channel, OrganizationBook
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, form, page, read_form
from crosslane.platform.web import Caller
from crosslane.pricing import LowestWish, TaxRateUnknown
from crosslane.returns import POLICY, TAKE_BACK, ReturnPolicy, TakeBack

Text = Annotated[str, msgspec.Meta(max_length=100)]


class Article(msgspec.Struct, frozen=True):
    """An article on the counter.

    Args:
        goods: as it was filled in.
        lowest_milli: what it was lately listed at, 1/1000 minor unit; None when nobody knows.
    """

    goods: Goods
    variant: Variant
    lowest_milli: int | None


def channels_of(book: OrganizationBook, place: Location) -> list[Channel]:
    """Return the channels goods brought to a store may have been sold by, the likeliest first."""
    return sorted(
        (one for one in book.channels.values() if one.active and one.country == place.country),
        key=lambda one: (one.type != "store", one.entity != place.entity, one.code),
    )


@page("/store/{code}/returns/without-order", permission=PERMISSION)
async def show_blind(
    caller: Caller, request: Request, code: str, counter: AddressText = "", find: Text = ""
) -> Response:
    """Show what lies on the counter, and find what else does."""
    return await _answer(caller, request, code, of_address(counter), find=find)


async def _answer(
    caller: Caller,
    request: Request,
    code: str,
    counter: Counter,
    refusal: Refusal | None = None,
    find: str = "",
    override: str = "",
) -> Response:
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        said = say(viewer, refusal) if refusal else ""
        channels = channels_of(await organization.book(tx), place)
        channel = _chosen(channels, counter)
        rule = await _rule(tx, channel, place)
        articles = await _articles(tx, viewer, counter, channel, rule)
        candidates = await candidates_of(tx, viewer, find)
        cash = await payments.cash_left(tx, channel.id, place.id, place.code, tx.now)
    return PAGES.answer(
        viewer,
        "return_blind.html",
        status=422 if refusal else 200,
        place=place,
        counter=counter,
        channels=channels,
        channel=channel,
        rule=rule,
        articles=articles,
        find=find,
        candidates=candidates,
        cash=cash,
        refusal=said,
        override=override,
        **deciding(viewer, refusal, counter.address(_path(place))),
    )


def _path(place: Location) -> str:
    return f"/store/{place.code}/returns/without-order"


def _chosen(channels: Sequence[Channel], counter: Counter) -> Channel:
    """Return the channel that was chosen, else the likeliest.

    Raises:
        NoReturnsHere: nothing is sold in the country of the store.
    """
    found = next((one for one in channels if one.code == counter.channel), None)
    if found is None and not channels:
        raise returns.NoReturnsHere(location=counter.channel)
    return found or channels[0]


async def _rule(tx: Tx, channel: Channel, place: Location) -> ReturnPolicy:
    policies = await organization.policies(tx)
    rule, _ = policies.resolve(
        POLICY, tx.now, location=place.code, channel=channel.code, brand=channel.brand
    )
    return rule


async def _articles(
    tx: Tx, viewer: Viewer, counter: Counter, channel: Channel, rule: ReturnPolicy
) -> list[Article]:
    skus = [one.key for one in counter.goods]
    variants = await catalog.variants_by_sku(tx, skus, locale=viewer.language) if skus else {}
    known = [one for one in counter.goods if one.key in variants]
    wishes = [
        LowestWish(
            variants[one.key].id,
            variants[one.key].tax_class,
            channel,
            tx.now,
            rule.lowest_price_days,
        )
        for one in known
    ]
    try:
        prices = [one.unit_price_milli for one in await pricing.lowest_prices(tx, wishes)]
    except TaxRateUnknown:
        prices = [None] * len(wishes)
    return [
        Article(one, variants[one.key], price) for one, price in zip(known, prices, strict=True)
    ]


@form("/store/{code}/returns/without-order", permission=PERMISSION, command=TAKE_BACK)
async def take_back_blind(caller: Caller, request: Request, code: str, data: bytes) -> Response:
    """Put one more article on the counter, or take back what lies there."""
    fields = read_form(data)
    counter = read_counter(fields)
    wanted = fields.text("add") or fields.text("find")
    if wanted and not any(map(fields.checked, ("review", "change", "save"))):
        wanted = wanted[:NAMED_CHARACTERS_MAX]

        def with_it(place: Location, sku: str, units: int) -> str:
            if not sku:
                return counter.address(_path(place), find=wanted)
            return counter.bring(sku, units).address(_path(place))

        return await put_on(caller, request, code, wanted, with_it)

    async def again(refusal: Refusal | None) -> Response:
        override = fields.text("override")
        return await _answer(caller, request, code, counter, refusal, override=override)

    async def wish(viewer: Viewer, place: Location, staff: str) -> TakeBack:
        async with caller.read() as tx:
            channels = channels_of(await organization.book(tx), place)
        return wish_of(
            counter,
            _chosen(channels, counter),
            viewer.locale,
            location=place.code,
            staff=staff,
            blind_override_reason=fields.text("override") if viewer.may(OVERRIDE) else "",
            occurred_at=tapped_at(fields),
        )

    return await take(caller, request, code, fields, wish, again)


ROUTES = [show_blind, take_back_blind]
