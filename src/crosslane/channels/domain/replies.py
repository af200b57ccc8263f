"""Canonical messages that only we say: what becomes of an order, invoices, acknowledgments.

All else that is told to a channel is said in the words in which a channel would say it to us. See
``messages.py`` and ``reports.py``.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

import msgspec

from crosslane.channels.domain.reports import Currency, Notice, Short, Text
from crosslane.channels.domain.told import LINES_MAX, MINOR_MAX, PriceMilli, Told, Units
from crosslane.customers import Address
from crosslane.kernel import QUANTITY_MAX, Instant

PARTS_MAX = 20_000
FAULTS_MAX = 100
TAX_RATE_BP_MAX = 10_000

Signed = Annotated[int, msgspec.Meta(ge=-MINOR_MAX, le=MINOR_MAX)]


class ReplyLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What becomes of a line of an order.

    Args:
        id: the channel's own name of the line; likewise of the article.
        sku, gtin: the article.
        quantity: units that will be sent, without those that follow.
        backordered: units that follow when there are some.
        cancelled: units that will not be sent.
        due_at: when they are with the customer, None when nobody can say.
        unit_price_milli: what one costs, as prices of the order are meant.
    """

    id: Short = ""
    article: Short = ""
    sku: Short = ""
    gtin: Short = ""
    quantity: Units
    backordered: Units = 0
    cancelled: Units = 0
    due_at: Instant | None = None
    unit_price_milli: PriceMilli | None = None


class OrderReply(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="order_reply"):
    """What we do about an order, or about a change of it; ``source_id`` is our name of the reply.

    Args:
        order: the channel's own number of the order.
        ours: our number of it, "" when we have not taken it.
        outcome: as it was asked for; otherwise, as the lines say; not at all.
        change: it is about a change of the order, not about the order.
        lines: every line of the order.
        currency: ISO 4217, of the prices.
        due_at: when the first of it is due.
        reason: why, when it is not as asked for; likewise its stable code.
    """

    order: Short
    ours: Short = ""
    outcome: Literal["accepted", "changed", "rejected"]
    change: bool = False
    lines: Annotated[tuple[ReplyLine, ...], msgspec.Meta(max_length=LINES_MAX)] = ()
    currency: Currency = ""
    due_at: Instant | None = None
    reason: Text = ""
    code: Short = ""


class Party(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody who stands on an invoice.

    Args:
        name: registered name.
        tax_id: number for value added tax, with its country's prefix.
        address: where they are; of its fields any but the country may be empty.
        ids: further numbers by their scheme, such as 0088 for a GLN.
        email: where invoices go.
    """

    name: Text = ""
    tax_id: Short = ""
    address: Address | None = None
    ids: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    email: Text = ""


class InvoiceLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods on an invoice; amounts are those of the document, so positive on a credit note.

    Args:
        id: the channel's own name of the order's line; likewise of the article.
        sku, gtin: the article; likewise its title.
        quantity: units.
        unit_price_milli: price of one without tax, 1/1000 minor unit.
        net_minor: of all of them, without tax; likewise the tax on it.
        tax_rate_bp: its rate in basis points; likewise whose tax it is, such as GB.
    """

    id: Short = ""
    article: Short = ""
    sku: Short = ""
    gtin: Short = ""
    title: Text = ""
    quantity: Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)]
    unit_price_milli: PriceMilli
    net_minor: Signed
    tax_minor: Signed
    tax_rate_bp: Annotated[int, msgspec.Meta(ge=0, le=TAX_RATE_BP_MAX)]
    jurisdiction: Short = ""


class InvoiceCharge(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is charged or given back beside goods, such as shipping.

    Args:
        kind: what sort of charge, such as shipping; likewise its title.
        net_minor: without tax; likewise the tax on it. Negative for a reduction.
        tax_rate_bp: as of a line; likewise the jurisdiction.
    """

    kind: Short
    title: Text = ""
    net_minor: Signed
    tax_minor: Signed
    tax_rate_bp: Annotated[int, msgspec.Meta(ge=0, le=TAX_RATE_BP_MAX)]
    jurisdiction: Short = ""


class Corrected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An invoice that a credit note corrects."""

    number: Short
    issued_on: date


class Billed(Told, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an invoice or a credit note says as a whole, by its number ``source_id``.

    Args:
        order: the channel's own number of the order; likewise our number of it.
        kind: which of the two.
        issued_on: day of the document; likewise until when it is to be paid, None when it is paid
            or nobody has agreed on a day.
        supplied_on: day the goods left or came back; likewise the day the order was placed.
        currency: ISO 4217.
        net_minor: sum of goods and charges without tax; likewise the tax, and both together.
        paid: it has been paid already, as at a marketplace.
        corrects: the invoices a credit note corrects.
    """

    order: Short = ""
    ours: Short = ""
    kind: Literal["invoice", "credit_note"]
    issued_on: date
    due_on: date | None = None
    supplied_on: date | None = None
    ordered_on: date | None = None
    currency: Currency
    net_minor: Signed
    tax_minor: Signed
    gross_minor: Signed
    paid: bool = False
    corrects: Annotated[tuple[Corrected, ...], msgspec.Meta(max_length=LINES_MAX)] = ()


class Invoice(Billed, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="invoice"):
    """An invoice or a credit note of ours.

    Args:
        seller: who issues it; likewise who buys, and who gets the goods where it is another.
        lines: goods; likewise charges.
    """

    seller: Party
    buyer: Party
    ship_to: Party | None = None
    lines: Annotated[tuple[InvoiceLine, ...], msgspec.Meta(max_length=LINES_MAX)] = ()
    charges: Annotated[tuple[InvoiceCharge, ...], msgspec.Meta(max_length=LINES_MAX)] = ()


class PartFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a record was not understood.

    Args:
        code: stable name of the reason; likewise words for people.
        pointer: to what is at fault, as the family points into its records.
    """

    code: Short
    detail: Text = ""
    pointer: Text = ""


class ReceivedPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A record of what was received.

    Args:
        place: its number in it, from 1.
        kind: what it is, as its format calls it, such as 850; likewise its control number.
        group: control number of the group it lay in, "" where there are none.
        taken: it was understood.
        faults: why it was not, or what somebody should know all the same.
    """

    place: Annotated[int, msgspec.Meta(ge=1)]
    kind: Short = ""
    control: Short = ""
    group: Short = ""
    taken: bool = True
    faults: Annotated[tuple[PartFault, ...], msgspec.Meta(max_length=FAULTS_MAX)] = ()


class Acknowledgment(
    Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="acknowledgment"
):
    """Something was received and read; ``source_id`` names it, as by its control number.

    It says what was understood, not what becomes of it. Of its envelope ``rest`` says what an
    answer has to name.

    Args:
        outcome: all of it was understood, some of it, or nothing.
        parts: its records, in their order.
    """

    outcome: Literal["accepted", "partly", "rejected"]
    parts: Annotated[tuple[ReceivedPart, ...], msgspec.Meta(max_length=PARTS_MAX)] = ()


Reply = OrderReply | Invoice | Acknowledgment
REPLY_KINDS = ("order_reply", "invoice", "acknowledgment")


def noted(reply: Reply) -> Notice:
    """Return what somebody replies to us, which asks nothing of the hub: kept as it is."""
    return Notice(
        source_id=reply.source_id,
        source_version=reply.source_version,
        event_at=reply.event_at,
        channel=reply.channel,
        topic=str(type(reply).__struct_config__.tag),
        rest={"": msgspec.to_builtins(reply)},
    )


__all__ = [
    "REPLY_KINDS",
    "Acknowledgment",
    "Billed",
    "Corrected",
    "Invoice",
    "InvoiceCharge",
    "InvoiceLine",
    "OrderReply",
    "PartFault",
    "Party",
    "ReceivedPart",
    "Reply",
    "ReplyLine",
    "noted",
]
