"""From codes to things: channel, articles, ways, stores and address of a wished order; pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from crosslane import catalog
from crosslane.catalog import Variant
from crosslane.customers import Address, require_address
from crosslane.kernel import Invalid
from crosslane.locations import Network
from crosslane.orders.domain.nouns import Method
from crosslane.orders.domain.policy import INTAKE, Intake
from crosslane.orders.errors import (
    AddressNeeded,
    BackdatingForbidden,
    MethodRefused,
    SkuNotOnSale,
    StoreNeeded,
    StoreUnfit,
)
from crosslane.orders.service.placing.drafting import WantedLine
from crosslane.orders.service.placing.wishes import LineWish, PlaceOrder, PreparedOrder
from crosslane.organization import Channel, OrganizationBook, PolicyBook
from crosslane.platform.actor import Actor

# A small lead of the caller's clock is no backdating.
CLOCK_LEAD_SECONDS_MAX = 300


class Surroundings(msgspec.Struct, frozen=True):
    """What orders are taken in by, as the transaction sees it."""

    book: OrganizationBook
    policies: PolicyBook
    network: Network
    now: datetime


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """A wish whose codes are known.

    Args:
        wish: what was asked.
        channel: who sells.
        intake: how that channel's orders are taken in.
        placed_at: business time.
        lines: articles with way and store.
        address: where it is shipped to, checked and normalised, None when nothing is shipped.
        address_fault: why the address is bad, where the channel's orders are stopped for that.
    """

    wish: PlaceOrder
    channel: Channel
    intake: Intake
    placed_at: datetime
    lines: Sequence[WantedLine]
    address: Address | None
    address_fault: str = ""


def resolve(
    wish: PlaceOrder, actor: Actor, variants: Mapping[str, Variant], around: Surroundings
) -> Resolved:
    """Look up everything a wish names.

    Raises:
        Refusal: something is unknown or does not fit, with a pointer to it.
    """
    channel = around.book.channel(wish.channel, pointer="/channel")
    intake, _ = around.policies.resolve(
        INTAKE, around.now, channel=channel.code, brand=channel.brand
    )
    happened = isinstance(wish, PreparedOrder) and wish.happened
    placed_at = require_placed_at(
        wish.placed_at, intake, around.now, pointer="/placed_at", happened=happened
    )
    lines = resolve_lines(wish.lines, channel, variants, around, placed_at, happened=happened)
    address, fault = _resolve_address(wish, lines, intake)
    return Resolved(
        wish=wish,
        channel=channel,
        intake=intake,
        placed_at=placed_at,
        lines=lines,
        address=address,
        address_fault=fault,
    )


def resolve_lines(
    wishes: Sequence[LineWish],
    channel: Channel,
    variants: Mapping[str, Variant],
    around: Surroundings,
    at: datetime,
    *,
    happened: bool = False,
) -> list[WantedLine]:
    """Look up articles, ways and stores of lines; what has happened need not be on offer.

    Raises:
        Refusal: something is unknown or does not fit, with a pointer to it.
    """
    return [
        _resolve_line(line, f"/lines/{n}", channel, variants, around, at, happened=happened)
        for n, line in enumerate(wishes)
    ]


def require_placed_at(
    told: datetime | None, intake: Intake, now: datetime, *, pointer: str, happened: bool = False
) -> datetime:
    """Return when an order was placed: as its channel tells, where it may, else now.

    What has happened may always tell.

    Raises:
        BackdatingForbidden: it tells a time that is not now, and may not, or one to come.
    """
    if told is None:
        return now
    lead = (told - now).total_seconds()
    if lead > CLOCK_LEAD_SECONDS_MAX:
        raise BackdatingForbidden(pointer=pointer)
    if -lead > CLOCK_LEAD_SECONDS_MAX and not (intake.backdating or happened):
        raise BackdatingForbidden(pointer=pointer)
    return told


def _resolve_line(
    line: LineWish,
    pointer: str,
    channel: Channel,
    variants: Mapping[str, Variant],
    around: Surroundings,
    at: datetime,
    *,
    happened: bool,
) -> WantedLine:
    variant = variants.get(line.sku)
    if variant is None or not (variant.active or happened):
        raise SkuNotOnSale(pointer=f"{pointer}/sku", sku=line.sku)
    method: Method = line.method or channel.default_method
    allowed, _ = catalog.methods_allowed(around.policies, variant, channel, at)
    if method not in allowed and not happened:
        raise MethodRefused(
            pointer=f"{pointer}/method",
            sku=line.sku,
            method=method,
            allowed=", ".join(sorted(allowed)) or "none",
        )
    if method == "ship":
        return WantedLine(wish=line, variant=variant, method=method, store=None)
    if not line.store:
        raise StoreNeeded(pointer=f"{pointer}/store", method=method)
    store = around.network.require(line.store, pointer=f"{pointer}/store")
    if not (store.can(method) or happened):
        raise StoreUnfit(pointer=f"{pointer}/store", location=line.store, method=method)
    return WantedLine(wish=line, variant=variant, method=method, store=store)


def _resolve_address(
    wish: PlaceOrder, lines: Sequence[WantedLine], intake: Intake
) -> tuple[Address | None, str]:
    if all(line.method != "ship" for line in lines):
        return None, ""
    if wish.ship_to is None:
        raise AddressNeeded(pointer="/ship_to")
    try:
        return require_address(wish.ship_to, pointer="/ship_to"), ""
    except Invalid as fault:
        if intake.bad_address == "refuse":
            raise
        return wish.ship_to, fault.message
