"""What the page says of an order, in the customer's language."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from babel.dates import format_date

from crosslane import (
    carriers,
    catalog,
    documents,
    fulfillment,
    locations,
    orders,
    organization,
    returns,
)
from crosslane.apps.order_page.changing import changeable, parts_of
from crosslane.apps.order_page.shell import Telling, words_of
from crosslane.catalog import Shown as Picture
from crosslane.catalog import Variant
from crosslane.engagement import locale_of, share_minor, show_moment, wanted_units
from crosslane.fulfillment import Work
from crosslane.locations import Network, Timetable, show_spans, spans_on
from crosslane.orders import Charge, OrderLine, Stage, returned_units, status, worth
from crosslane.payments import money_by_order
from crosslane.platform.database import Tx
from crosslane.platform.screens import Pin
from crosslane.platform.tokens import Link

# How far each stage is on the way that people are shown: 0 taken in, 1 being prepared, 2 on its way
# or ready, 3 there.
STEP = {
    Stage.OPEN: 0,
    Stage.BACKORDERED: 0,
    Stage.ALLOCATED: 0,
    Stage.RELEASED: 1,
    Stage.PICKED: 1,
    Stage.PACKED: 1,
    Stage.HANDED_OVER: 2,
    Stage.DELIVERED: 3,
}
STEPS = 4
WEEK_DAYS = 7
GONE = (Stage.HANDED_OVER, Stage.DELIVERED)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Goods on the page; ``parts`` are what a bundle consists of."""

    title: str
    sku: str
    picture: Picture | None
    quantity: int
    price: str
    where: list[tuple[str, str]]
    parts: list["Line"] = []


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel on the page."""

    state: str
    number: str
    url: str
    sent: str


class Pickup(msgspec.Struct, frozen=True, kw_only=True):
    """Where goods are collected, and when; the code is there once they lie ready.

    Args:
        hours: days from today on, and when the place is open on them.
        closed: that it is closed for now, "" when it is not.
        pin: where it is on a map.
    """

    name: str
    lines: list[str]
    phone: str
    code: str
    hours: list[tuple[str, str]]
    closed: str
    pin: Pin


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that reach the customer in the same way.

    Args:
        title: how.
        step: how far all of it has come, -1 when nothing is left.
        steps: names of the steps, and the day each was reached.
        expected: day it was promised for.
        note: what keeps it.
    """

    title: str
    step: int
    steps: list[tuple[str, str]]
    expected: str
    note: str
    lines: list[Line]
    parcels: list[Package]
    pickup: Pickup | None


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page.

    Args:
        headline: the state in a few words.
        tone: calm, good or warn; colors the headline's mark.
        sums: titles and amounts, from the goods down to the total.
        paid: titles and amounts of what has been paid and given back.
        returns: number and state of returns of the order, the newest first.
        returnable: some of it may be brought back, or asked about.
        cancellable: some of it may be given up.
        movable: it may still be sent elsewhere.
        changeable: until when nobody works on it, so that all of that can be done; "" when
            somebody may.
        papers: number and kind of its invoices and credit notes, oldest first.
        address: of this page, to which others are added.
        until: last day of the link.
    """

    language: str
    words: Mapping[str, str]
    brand: str
    number: str
    headline: str
    tone: str
    placed: str
    ways: list[Way]
    sums: list[tuple[str, str]]
    total: str
    tax: str
    paid: list[tuple[str, str]]
    returns: list[tuple[str, str]]
    returnable: bool
    cancellable: bool
    movable: bool
    changeable: str
    papers: list[tuple[str, str]]
    address: str
    until: str


class Shown(Telling, frozen=True, kw_only=True):
    """What all parts of the page need."""

    works: Sequence[Work]
    goods: Mapping[UUID, Variant]
    tracking_urls: Mapping[UUID, str]
    network: Network
    now: datetime


async def order_page(tx: Tx, link: Link, address: str) -> OrderPage:
    """Return the page of the order a link leads to.

    Args:
        tx: open transaction.
        link: the link.
        address: path of the page.

    Raises:
        NoSuchOrder: there is none.
    """
    state = await orders.find_order(tx, str(link.subject))
    order = state.order
    works = (await fulfillment.works_by_order(tx, [order.id])).get(order.id, [])
    parcels = [parcel.id for work in works for parcel in work.parcels]
    labels = await carriers.labels_of_parcels(tx, parcels) if parcels else {}
    money = (await money_by_order(tx, [order.id]))[order.id]
    book = await organization.book(tx)
    locale = locale_of(order.locale)
    shown = Shown(
        state=state,
        works=works,
        goods=await catalog.variants_by_id(tx, [line.variant_id for line in state.lines]),
        tracking_urls={parcel: theirs[-1].tracking_url for parcel, theirs in labels.items()},
        network=await locations.network(tx),
        now=tx.now,
        words=words_of("words", locale.language),
        locale=locale,
        timezone=book.channel(order.channel).timezone,
    )
    paid = {"paid": money.captured_minor + money.settled_minor, "refunded": -money.refunded_minor}
    headline, tone = _headline(shown)
    back = words_of("returns", locale.language)
    returned = await returns.returns_of_orders(tx, [order.id])
    papers = await documents.documents_of_order(tx, order.id)
    changes = await changeable(tx, link, address)
    return OrderPage(
        language=locale.language,
        words=shown.words,
        brand=book.brand(order.brand).name,
        number=order.number,
        headline=headline,
        tone=tone,
        placed=shown.day(order.placed_at),
        ways=_ways(shown),
        sums=_sums(shown),
        total=shown.money(worth(state).gross_minor),
        tax=shown.money(worth(state).tax_minor),
        paid=[(shown.words[name], shown.money(minor)) for name, minor in paid.items() if minor],
        returns=[(one.number, back[f"state_{one.state}"]) for one in reversed(returned)],
        returnable=any(_units(shown, line, *GONE) for line in state.stock_lines),
        cancellable=bool(changes.units),
        movable=bool(changes.country),
        changeable=_changeable(shown) if changes.units else "",
        papers=[(paper.number, shown.words[f"paper_{paper.kind}"]) for paper in papers],
        address=address,
        until=shown.day(link.expires_at),
    )


def _changeable(shown: Shown) -> str:
    """Return until when nobody works on the order, "" when somebody may."""
    until = shown.state.grace_until
    if until is None or until <= shown.now:
        return ""
    moment = show_moment(until, shown.now, shown.timezone, shown.locale)
    return shown.words["changeable"].format(until=moment)


def _headline(shown: Shown) -> tuple[str, str]:
    name: str = status(shown.state)
    only_collected = all(line.method != "ship" for line in shown.state.stock_lines)
    if any(work.state == "ready" for work in shown.works):
        name = "ready" if only_collected else "partly_ready"
    elif only_collected and name in ("handed_over", "partly_handed_over"):
        name = {"handed_over": "collected", "partly_handed_over": "partly_collected"}[name]
    warn = ("on_hold", "awaiting_payment", "backordered")
    good = ("ready", "partly_ready", "handed_over", "collected", "delivered", "partly_handed_over")
    tone = "warn" if name in warn else "good" if name in good else "calm"
    return shown.words[f"status_{name}"], tone


def _ways(shown: Shown) -> list[Way]:
    grouped: dict[tuple[bool, UUID | None], list[OrderLine]] = {}
    for line in shown.state.lines:
        if line.parent_line_id is None:
            grouped.setdefault((line.method == "ship", line.store_id), []).append(line)
    return [_way(shown, lines, store_id) for (_, store_id), lines in grouped.items()]


def _way(shown: Shown, lines: Sequence[OrderLine], store_id: UUID | None) -> Way:
    words, shipped = shown.words, lines[0].method == "ship"
    carried = [part for line in lines for part in parts_of(shown.state, line)]
    works = [work for work in shown.works if (work.method == "ship") == shipped]
    works = [work for work in works if shipped or work.store_id == store_id]
    ready = any(work.state == "ready" for work in works)
    last = "delivered" if shipped else "collected"
    middle = "on_its_way" if shipped else "ready"
    promised = [line.promised_at for line in carried if line.promised_at]
    step = _step(shown, carried, collected=not shipped, ready=ready)
    waiting = [line for line in carried if _units(shown, line, Stage.OPEN, Stage.BACKORDERED)]
    dated = bool(promised) and all(line.promised_at for line in waiting)
    is_due = dated and 0 <= step < (STEPS - 1 if shipped else STEPS - 2)
    return Way(
        title=words["by_delivery" if shipped else "by_pickup"],
        step=step,
        steps=_steps(shown, works, ("confirmed", "preparing", middle, last), step),
        expected=shown.day(max(promised)) if is_due else "",
        note=words["waits_for_stock"] if waiting else "",
        lines=[_line(shown, line, ready) for line in lines],
        parcels=_packages(shown, works),
        pickup=_pickup(shown, store_id, works),
    )


def _steps(
    shown: Shown, works: Sequence[Work], names: Sequence[str], reached: int
) -> list[tuple[str, str]]:
    """Return the steps, with the days of those that have a day of their own."""
    parcels = [parcel for work in works for parcel in work.parcels]
    sent = [parcel.shipped_at for parcel in parcels if parcel.shipped_at]
    days = (shown.state.order.placed_at, None, max(sent, default=None), None)
    return [
        (shown.words[name], shown.date(at) if at and place <= reached else "")
        for place, (name, at) in enumerate(zip(names, days, strict=True))
    ]


def _units(shown: Shown, line: OrderLine, *stages: Stage) -> int:
    return sum(shown.state.buckets.units(line.id, stage) for stage in stages)


def _step(shown: Shown, lines: Sequence[OrderLine], *, collected: bool, ready: bool) -> int:
    """Return how far all units that are left have come, -1 when none are left."""
    reached = [step for line in lines for stage, step in STEP.items() if _units(shown, line, stage)]
    least = min(reached, default=-1)
    if collected and least == STEP[Stage.HANDED_OVER]:
        return STEPS - 1
    return 2 if collected and ready and least == 1 else least


def _line(shown: Shown, line: OrderLine, ready: bool) -> Line:
    carried, wanted = parts_of(shown.state, line), wanted_units(shown.state, line)
    return Line(
        title=line.title,
        sku=line.sku,
        picture=goods.picture if (goods := shown.goods.get(line.variant_id)) else None,
        quantity=line.quantity,
        price="" if line.parent_line_id else shown.money(share_minor(line, wanted)),
        where=[] if line.is_bundle else _where(shown, line, ready),
        parts=[_line(shown, part, ready) for part in carried] if line.is_bundle else [],
    )


def _where(shown: Shown, line: OrderLine, ready: bool) -> list[tuple[str, str]]:
    """Return where the units of a line are, as (kind, words), furthest first."""
    collected = line.method != "ship"
    returned = returned_units(shown.state, line.id)
    delivered = _units(shown, line, Stage.DELIVERED)
    by_stage = {
        "returned": returned,
        "there": max(0, delivered - returned),
        "on_its_way": _units(shown, line, Stage.HANDED_OVER) - max(0, returned - delivered),
        "preparing": _units(shown, line, Stage.RELEASED, Stage.PICKED, Stage.PACKED),
        "reserved": _units(shown, line, Stage.ALLOCATED),
        "waiting": _units(shown, line, Stage.OPEN, Stage.BACKORDERED),
        "cancelled": _units(shown, line, Stage.CANCELLED),
    }
    said = []
    for kind, units in by_stage.items():
        name = kind
        if collected and kind == "on_its_way":
            name = "taken"
        if ready and kind == "preparing":
            name = "lies_ready"
        if units:
            said.append((kind, shown.words[f"units_{name}"].format(units=units)))
    return said


def _packages(shown: Shown, works: Sequence[Work]) -> list[Package]:
    return [
        Package(
            state=shown.words[f"parcel_{parcel.state}"],
            number=parcel.tracking_number,
            url=shown.tracking_urls.get(parcel.id, parcel.tracking_url),
            sent=shown.day(parcel.shipped_at),
        )
        for work in works
        for parcel in work.parcels
        if parcel.state in ("shipped", "delivered")
    ]


def _pickup(shown: Shown, store_id: UUID | None, works: Sequence[Work]) -> Pickup | None:
    if store_id is None:
        return None
    store = shown.network.by_id[store_id]
    lines = [*store.lines, " ".join(filter(None, (store.city, store.postcode)))]
    codes = [work.pickup_code for work in works if work.state == "ready" and work.pickup_code]
    return Pickup(
        name=store.name,
        lines=[line for line in lines if line],
        phone=store.phone,
        code=codes[0] if codes else "",
        hours=_hours(shown, store.timetable),
        closed=shown.words["closed_now"] if store.timetable.closure else "",
        pin=Pin(store.name, store.point.lat, store.point.lon, named=True),
    )


def _hours(shown: Shown, timetable: Timetable) -> list[tuple[str, str]]:
    """Return when a store is open in the coming week, today first."""
    today = timetable.local_day(shown.now)
    told = []
    for offset in range(WEEK_DAYS):
        day = today + timedelta(days=offset)
        spans = [one.replace("-", "–") for one in show_spans(spans_on(timetable, day))]
        name = format_date(day, "EEEE", locale=shown.locale)
        told.append((name if offset else shown.words["today"], ", ".join(spans)))
    return [(name, spans or shown.words["closed"]) for name, spans in told]


def _sums(shown: Shown) -> list[tuple[str, str]]:
    """Return what the total consists of: goods not cancelled, what came back, charges by kind."""
    kinds: dict[str, int] = {}
    charges: Sequence[Charge] = [one for one in shown.state.charges if not one.cancelled]
    total = worth(shown.state).gross_minor
    if not any(_units(shown, line, *STEP) for line in shown.state.stock_lines):
        charges = []
    for charge in charges:
        kinds[charge.kind] = kinds.get(charge.kind, 0) + charge.gross_minor
    back = sum(one.net_minor + one.tax_minor for one in shown.state.returned)
    goods = total - sum(kinds.values()) + back
    return [
        (shown.words["goods"], shown.money(goods)),
        *([(shown.words["returned"], shown.money(-back))] if back else []),
        *((shown.words[f"charge_{kind}"], shown.money(minor)) for kind, minor in kinds.items()),
    ]
