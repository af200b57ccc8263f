"""``ubl``: documents of OASIS UBL 2, any version, alone or in an envelope.

A record is a document. Orders, their changes and cancellations, reports of stock, notices of
despatch and receipt, invoices, credit notes and remittances are understood; documents of other
kinds are notices: kept, and applied to nothing. What a document says besides is its message's
``rest``, with the header of the envelope it came in. Pointers are places in the document without
prefixes, such as ``/OrderLine[1]/LineItem/Quantity/@unitCode``.

An order is as old as it says; what changes it and tells its day alone is as old as the end of that
day. Numbers of articles are the seller's where we sell, the buyer's where we buy.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

import msgspec

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.family import Context, Family, Reading, checked_text, kept_text
from crosslane.channels.adapters.markup import Markup, Part
from crosslane.channels.adapters.telling import Telling
from crosslane.channels.adapters.ubl.billing import bill
from crosslane.channels.adapters.ubl.cutting import Cut, Cutter
from crosslane.channels.adapters.ubl.orders import cancellation, change, order
from crosslane.channels.adapters.ubl.others import (
    credit_note,
    invoice,
    order_response,
    other,
    remittance,
    response,
)
from crosslane.channels.adapters.ubl.reading import LINES
from crosslane.channels.adapters.ubl.stock import report
from crosslane.channels.adapters.ubl.supply import (
    despatch,
    fulfilment_cancelled,
    inventory,
    receipt,
)
from crosslane.channels.adapters.ubl.telling import despatch as tell_despatch
from crosslane.channels.adapters.ubl.telling import reply
from crosslane.channels.domain.messages import Message, Order

MEDIA_TYPES = ("application/xml", "text/xml")
# A long invoice has so many values that nobody here acts upon.
VALUES_MAX = 200_000
# Of what a document carries with it more is kept with the record alone.
ATTACHMENT_CHARACTERS_MAX = 16 << 10
# Articles of one report.
ROWS_MAX = 2_000
BINARY = "/EmbeddedDocumentBinaryObject"
NUMBERED = frozenset(LINES)
_SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd:Common"
# Names of these are one vocabulary.
PLAIN = frozenset(f"{_SCHEMA}{part}Components-2" for part in ("Basic", "Aggregate"))
HEADER = "StandardBusinessDocumentHeader"
_HEADER = re.compile(rf"<(?P<tag>(?:[\w.-]+:)?{HEADER})[\s>].*?</(?P=tag)\s*>", re.DOTALL)

Understand = Callable[[Part, Context], Iterator[Message]]
DOCUMENTS: dict[str, Understand] = {
    "Order": order,
    "OrderChange": change,
    "OrderCancellation": cancellation,
    "OrderResponse": order_response,
    "OrderResponseSimple": order_response,
    "ApplicationResponse": response,
    "InventoryReport": inventory,
    "StockAvailabilityReport": inventory,
    "DespatchAdvice": despatch,
    "ReceiptAdvice": receipt,
    "FulfilmentCancellation": fulfilment_cancelled,
    "Invoice": invoice,
    "CreditNote": credit_note,
    "RemittanceAdvice": remittance,
}


def read(stream: BinaryIO, context: Context) -> Iterator[Reading]:
    """Read document by document; what is read is forgotten."""
    try:
        cutter = Cutter(stream, context.encoding)
    except NotReadable as refused:
        yield Reading(place=1, fault=refused.fault)
        return
    for place, cut in enumerate(cutter.cuts(), 1):
        try:
            messages, fault = _said(cut, context), None
        except NotReadable as refused:
            messages, fault = (), refused.fault
        yield Reading(
            place=place,
            head=kept_text(cut.head),
            body=kept_text(cut.body),
            tail=kept_text(cut.tail),
            messages=messages,
            fault=fault,
        )


def _said(cut: Cut, context: Context) -> tuple[Message, ...]:
    if cut.fault is not None:
        raise NotReadable(cut.fault)
    root = Markup(cut.head, NUMBERED, PLAIN).read(cut.body)
    understand = DOCUMENTS.get(cut.name) or partial(other, cut.name)
    first, *others = understand(root, context)
    rest = _rest(root) | _header(cut.head)
    said = (
        # Each order for a place is answered by itself, so each needs what the document says.
        msgspec.structs.replace(one, rest=one.rest | rest)
        if one is first or isinstance(one, Order)
        else one
        for one in (first, *others)
    )
    return tuple(map(checked_text, said))


def _rest(root: Part) -> dict[str, str]:
    """Return what nobody has read; what a document carries with it only when it is short."""
    rest = root.rest(VALUES_MAX)
    for place, text in rest.items():
        if len(text) > ATTACHMENT_CHARACTERS_MAX and place.split("[")[0].endswith(BINARY):
            rest[place] = f"({len(text)} characters, kept with the record)"
    return rest


def _header(head: str) -> dict[str, str]:
    """Return what the header of an envelope says."""
    found = _HEADER.search(head)
    if found is None:
        return {}
    texts = Markup(head[: found.start()], ()).read(found[0]).rest()
    return {f"/{HEADER}{place}": text for place, text in texts.items()}


UBL = Family(
    name="ubl",
    media_types=MEDIA_TYPES,
    brings=frozenset(
        (
            *("order", "amendment", "cancellation", "supply_snapshot"),
            *("fulfillment", "money", "notice"),
        )
    ),
    read=read,
    tells={
        "order_reply": Telling(tell=reply, note="OrderResponse"),
        "fulfillment": Telling(tell=tell_despatch, note="DespatchAdvice of what was shipped"),
        "supply_snapshot": Telling(
            tell=report, rows_max=ROWS_MAX, note="InventoryReport of what may be counted on"
        ),
        "invoice": Telling(tell=bill, note="Invoice or CreditNote by EN 16931"),
    },
    settings={
        "our_id": "our electronic address as scheme:number, such as 0088:7300010000001",
        "their_id": "the partner's electronic address, where orders do not name it",
        "iban": "account that invoices are paid to",
        "bic": "its bank",
        "payment_terms": "until when invoices are paid, in words, where no day is agreed on",
        "buyer_reference": "what the partner wants to find on invoices",
    },
)
