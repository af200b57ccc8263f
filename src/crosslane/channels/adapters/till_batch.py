"""``till-batch``: what one till of one store sold between opening and closing.

The first line names the till and its control totals, the last one the number of records between
them. A batch whose totals are wrong is believed in nothing: every record is kept and none taken.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal, get_args

import msgspec
from msgspec.structs import replace

from crosslane.channels.adapters.family import Context, Reading
from crosslane.channels.adapters.port import LINES, Fault, lines_of, read_line
from crosslane.channels.adapters.texts import text_family
from crosslane.channels.domain.messages import Sale, SaleLine, TakenTender, Void
from crosslane.channels.domain.told import (
    MINOR_MAX,
    SALE_LINES_MAX,
    VERSION_MAX,
    Code,
    TillMethod,
)
from crosslane.channels.errors import BatchMalformed
from crosslane.kernel import Instant
from crosslane.orders import BuyerWish

Sum = Annotated[int, msgspec.Meta(ge=-MINOR_MAX, le=MINOR_MAX)]
Many = Annotated[int, msgspec.Meta(ge=0, le=10**9)]


class TillLine(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"
):
    """A line of a till batch."""


class Totals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the till itself counted, over the sales that were not voided.

    Args:
        sales: how many sales; likewise voids.
        units: goods sold less goods returned.
        gross_minor: their worth in minor units.
        tenders: money taken less money given, by method, in minor units; what is absent is none.
        returned_units: goods returned, positive; not compared when absent.
        returned_minor: likewise their worth.
    """

    sales: Many
    voids: Many = 0
    units: int
    gross_minor: Sum
    tenders: dict[TillMethod, Sum]
    returned_units: Many | None = None
    returned_minor: Sum | None = None


class Opening(TillLine, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="till"):
    """The first line: whose sales follow.

    Args:
        batch: the till's own number of the batch.
        version: grows when the till sends the batch again, corrected.
    """

    store: Code
    till: Code
    batch: Code
    version: Annotated[int, msgspec.Meta(ge=1, le=VERSION_MAX)] = 1
    schema: Literal[1] = 1
    currency: str
    opened_at: Instant
    closed_at: Instant
    totals: Totals


class TillSale(TillLine, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="sale"):
    """A sale, as the till says it."""

    receipt: Code
    at: Instant
    lines: Annotated[tuple[SaleLine, ...], msgspec.Meta(min_length=1, max_length=SALE_LINES_MAX)]
    tenders: Annotated[tuple[TakenTender, ...], msgspec.Meta(max_length=8)]
    staff: Annotated[str, msgspec.Meta(max_length=64)] = ""
    customer: BuyerWish | None = None


class TillVoid(TillLine, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="void"):
    """A sale of the same batch that was taken back at the till before it closed."""

    receipt: Code
    at: Instant
    voids: Code


class Closing(TillLine, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="end"):
    """The last line: how many records stand between it and the first."""

    records: Many


Entry = tuple[int, str, TillSale | TillVoid | Fault]


def parse(text: str, context: Context) -> list[Reading]:
    """Read a batch.

    Raises:
        BatchMalformed: its first line is not a till's.
    """
    lines = list(lines_of(text))
    opening = read_line(lines[0][1], Opening) if lines else Fault("empty", "There is no line")
    if isinstance(opening, Fault):
        raise BatchMalformed(pointer="/0" + opening.pointer, reason=opening.detail)
    closing = read_line(lines[-1][1], Closing) if len(lines) > 1 else None
    ended = isinstance(closing, Closing)
    body = lines[1:-1] if ended else lines[1:]
    entries: list[Entry] = [
        (place, line, read_line(line, TillSale | TillVoid)) for place, line in body
    ]
    fault = _currency_differs(opening, context)
    fault = fault or _wrong(opening, closing if ended else None, entries)
    readings = list(_readings(opening, entries, fault))
    if readings:
        readings[0] = replace(readings[0], head=lines[0][1] + "\n")
    if readings and ended:
        readings[-1] = replace(readings[-1], tail="\n" + lines[-1][1])
    return readings


def _currency_differs(opening: Opening, context: Context) -> Fault | None:
    if opening.currency == context.currency:
        return None
    detail = f"The till counts in {opening.currency}, its channel sells in {context.currency}"
    return Fault("batch-currency", detail, "/head/currency")


def _readings(opening: Opening, entries: list[Entry], fault: Fault | None) -> Iterator[Reading]:
    sold = {read.receipt for _, _, read in entries if isinstance(read, TillSale)}
    voided = {read.voids for _, _, read in entries if isinstance(read, TillVoid)}
    till = f"{opening.store}/{opening.till}"
    for place, line, read in entries:
        message: Sale | Void | None = None
        if isinstance(read, TillSale):
            message = Sale(
                source_id=f"{till}/{read.receipt}",
                source_version=opening.version,
                event_at=read.at,
                store=opening.store,
                till=opening.till,
                lines=read.lines,
                tenders=read.tenders,
                staff=read.staff,
                customer=read.customer,
                voided=read.receipt in voided,
            )
        elif isinstance(read, TillVoid):
            message = Void(
                source_id=f"{till}/{read.receipt}",
                source_version=opening.version,
                event_at=read.at,
                voids=f"{till}/{read.voids}",
                same_batch=read.voids in sold,
            )
        own = read if isinstance(read, Fault) else None
        said = () if message is None else (message,)
        yield Reading(place=place, body=line, messages=said, fault=own or fault)


def _wrong(opening: Opening, closing: Closing | None, entries: list[Entry]) -> Fault | None:
    """Return what makes the whole batch unbelievable, with the pointer to it."""
    if closing is None:
        return Fault("batch-cut-off", "The last line is not the end of the batch", "/tail")
    if closing.records != len(entries):
        detail = f"The till sent {closing.records} records, {len(entries)} are here"
        return Fault("batch-cut-off", detail, "/tail/records")
    for place, _, read in entries:
        if isinstance(read, Fault):
            detail = f"Line {place} cannot be read: {read.detail}"
            return Fault("batch-unreadable", detail, f"/lines/{place}{read.pointer}")
    receipts = Counter(read.receipt for _, _, read in entries if not isinstance(read, Fault))
    if (twice := next((r for r, n in receipts.items() if n > 1), None)) is not None:
        return Fault("receipt-repeated", f"Receipt {twice} is there twice", "/lines")
    voids = [read for _, _, read in entries if isinstance(read, TillVoid)]
    taken_back = {void.voids for void in voids}
    sales = [
        (place, read)
        for place, _, read in entries
        if isinstance(read, TillSale) and read.receipt not in taken_back
    ]
    for place, sale in sales:
        if (fault := _unclear(place, sale)) is not None:
            return fault
        worth, paid = _worth(sale), sum(tender.minor for tender in sale.tenders)
        if worth != paid:
            detail = f"The lines are worth {worth}, the tenders {paid} minor units"
            return Fault("tenders-differ", detail, f"/lines/{place}/tenders")
    return _totals_differ(opening.totals, [sale for _, sale in sales], len(voids))


def _unclear(place: int, sale: TillSale) -> Fault | None:
    """Return what a sale says of goods or money that cannot be."""
    for number, line in enumerate(sale.lines):
        pointer = f"/lines/{place}/lines/{number}"
        named = [name for name in ("receipt", "order", "proof") if getattr(line, name)]
        if line.quantity > 0 and named:
            detail = "Only goods that came back belong to an earlier sale"
            return Fault("sale-of-earlier-sale", detail, f"{pointer}/{named[0]}")
        if len(named) > 1:
            detail = "Goods that came back belong to one earlier sale"
            return Fault("earlier-sale-unclear", detail, f"{pointer}/{named[1]}")
    for number, tender in enumerate(sale.tenders):
        if (tender.method == "stored_value") != (tender.account is not None):
            detail = "Stored value has an account, other money has none"
            return Fault("account-unfit", detail, f"/lines/{place}/tenders/{number}/account")
    return None


def _totals_differ(told: Totals, sales: list[TillSale], voids: int) -> Fault | None:
    tenders = Counter[str]()
    for sale in sales:
        for tender in sale.tenders:
            tenders[tender.method] += tender.minor
    counted: list[tuple[str, int, int]] = [
        ("sales", told.sales, len(sales)),
        ("voids", told.voids, voids),
        ("units", told.units, sum(line.quantity for sale in sales for line in sale.lines)),
        ("gross_minor", told.gross_minor, sum(map(_worth, sales))),
    ]
    methods: tuple[TillMethod, ...] = get_args(TillMethod)
    counted += [(f"tenders/{m}", told.tenders.get(m, 0), tenders[m]) for m in methods]
    back = [line for sale in sales for line in sale.lines if line.quantity < 0]
    if told.returned_units is not None:
        units = -sum(line.quantity for line in back)
        counted.append(("returned_units", told.returned_units, units))
    if told.returned_minor is not None:
        minor = -sum(line.minor for line in back)
        counted.append(("returned_minor", told.returned_minor, minor))
    for name, said, found in counted:
        if said != found:
            detail = f"The till says {name} {said}, its records add up to {found}"
            return Fault("control-totals", detail, f"/head/totals/{name}")
    return None


def _worth(sale: TillSale) -> int:
    return sum(line.minor for line in sale.lines)


def point(pointer: str) -> str:
    """Turn a pointer into a sale's order into one into the batch: the store is in its head."""
    return "/head/store" if pointer.endswith("/store") else pointer


TILL_BATCH = text_family(
    "till-batch",
    (LINES,),
    frozenset(("sale", "void")),
    parse,
    point=point,
    together=True,
)
