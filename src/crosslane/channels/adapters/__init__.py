"""Adapters: how a channel's own language becomes canonical messages, a file or package a family.

A family is declared once; nothing else in the house knows a format by name. It reads a stream and
answers with readings, each with what a record says or with why it says nothing that can be
understood: no clock, no database, no network. Our own are listed in ``FAMILIES``, and with them
those of installed packages: an entry point of the group ``crosslane.channels`` names each, called
as the family is. ``crosslane adapter new`` begins such a package, ``crosslane adapter check``
proves it.

What is in ``__all__`` is what packages may lean on; it changes only with a word in CHANGELOG.md.

- Declaring: :class:`Family`, :func:`json_family` for streams of JSON, :func:`text_family` for texts
  whose senders count versions.
- Reading: :class:`Context` says where a stream comes from, :class:`Reading` is the answer,
  :class:`Fault` why a record is not taken. :class:`Branch` stands on a decoded record and takes out
  what was read of it, so that ``rest()`` is what nobody read; it raises :class:`NotReadable`.
  :func:`read_json` decodes without floats, :func:`as_text` and :func:`kept_text` make text that
  can be kept, :func:`checked` and :func:`checked_text` hold a message to its limits,
  :func:`version_of` makes a version of an instant, :func:`net_price_milli` takes reductions off
  the price of a unit.
- Deliveries: :class:`Envelope` is what headers say, :func:`is_signed` checks HMAC-SHA-256.
- Telling: :class:`Telling` holds a teller, a generator that is given :class:`Outgoing` and a
  :class:`Talk`, asks for a :class:`Call` (:func:`json_call`) or hands over a :class:`Document`,
  gets an :class:`Answer`, and returns an :class:`Outcome` each; or raises :class:`Busy`,
  :class:`Later`, :class:`Refused`. :class:`Rate` is how fast a channel may be called;
  :func:`wary` makes a Later of answers that are not of the documented shape.
- Fetching: :class:`Fetching` holds a fetcher, a generator like a teller that is given a cursor and
  returns a :class:`Page`; :func:`first_instant` is where it begins, :func:`instant_text` writes an
  instant, :func:`one_line` a record.
- Messages: the structs of ``domain/messages.py``, ``domain/reports.py`` and
  ``domain/replies.py``, and what they are made of.
"""

from crosslane.channels.adapters.amazon import AMAZON
from crosslane.channels.adapters.branches import Branch, NotReadable, leads_into, read_json
from crosslane.channels.adapters.ebay import EBAY
from crosslane.channels.adapters.edifact import EDIFACT
from crosslane.channels.adapters.epcis import EPCIS
from crosslane.channels.adapters.family import (
    Context,
    Envelope,
    Family,
    Reading,
    as_text,
    checked,
    checked_text,
    json_family,
    keep_whole,
    kept_text,
    read_records,
    version_of,
)
from crosslane.channels.adapters.fetching import (
    Fetching,
    Page,
    first_instant,
    instant_text,
    one_line,
    wary_of_pages,
)
from crosslane.channels.adapters.installed import GROUP, NAME, Families, Package
from crosslane.channels.adapters.orders_jsonl import ORDERS_JSONL
from crosslane.channels.adapters.port import CSV, FORM, JSON, LINES, RECORDS_MAX, Fault
from crosslane.channels.adapters.poslog import POSLOG
from crosslane.channels.adapters.prices import net_price_milli
from crosslane.channels.adapters.shopify import SHOPIFY
from crosslane.channels.adapters.signatures import is_signed
from crosslane.channels.adapters.square import SQUARE
from crosslane.channels.adapters.tables import TABLES, WORKBOOKS
from crosslane.channels.adapters.telling import (
    Answer,
    Busy,
    Call,
    Conversation,
    Document,
    Later,
    Outcome,
    Outgoing,
    Rate,
    Refused,
    Talk,
    Tell,
    Telling,
    json_call,
    wary,
)
from crosslane.channels.adapters.texts import text_family
from crosslane.channels.adapters.till_batch import TILL_BATCH
from crosslane.channels.adapters.tradacoms import TRADACOMS
from crosslane.channels.adapters.ubl import UBL
from crosslane.channels.adapters.ubl.billing import billed as e_invoice
from crosslane.channels.adapters.woocommerce import WOOCOMMERCE
from crosslane.channels.adapters.x12 import X12
from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Cancellation,
    IssuedCard,
    Message,
    Order,
    OrderLine,
    Outbound,
    PaymentEvent,
    ReturnedGoods,
    ReturnEvent,
    Sale,
    SaleLine,
    StockRow,
    SupplyDelta,
    SupplySnapshot,
    TakenTender,
    Void,
    kind_of,
)
from crosslane.channels.domain.replies import (
    Acknowledgment,
    Invoice,
    InvoiceCharge,
    InvoiceLine,
    OrderReply,
    PartFault,
    Party,
    ReceivedPart,
    ReplyLine,
)
from crosslane.channels.domain.reports import (
    ContactEvent,
    FulfillmentEvent,
    MoneyEvent,
    MovedGoods,
    Notice,
    PricePatch,
    ProductPatch,
)
from crosslane.channels.errors import UnknownFormat
from crosslane.customers import Address
from crosslane.orders import BuyerWish, StopWish, TenderWish

FAMILIES = Families(
    (
        ORDERS_JSONL,
        TILL_BATCH,
        TABLES,
        SHOPIFY,
        WOOCOMMERCE,
        POSLOG,
        X12,
        EDIFACT,
        TRADACOMS,
        AMAZON,
        EBAY,
        SQUARE,
        UBL,
        EPCIS,
    )
)


def family_of(format: str, *, pointer: str = "/format") -> Family:
    """Return the family of a format.

    Raises:
        UnknownFormat: there is none.
    """
    if (found := FAMILIES.get(format)) is None:
        known = ", ".join(sorted(FAMILIES))
        raise UnknownFormat(pointer=pointer, format=format[:40], known=known)
    return found


def is_ping(body: bytes) -> bool:
    """Whether a body only asks, as any family does, whether somebody is there."""
    return any(family.pings is not None and family.pings(body) for family in FAMILIES.values())


__all__ = [
    "CSV",
    "FAMILIES",
    "FORM",
    "GROUP",
    "JSON",
    "LINES",
    "NAME",
    "RECORDS_MAX",
    "WORKBOOKS",
    "Acknowledgment",
    "Address",
    "AmendedLine",
    "Amendment",
    "Answer",
    "Branch",
    "Busy",
    "BuyerWish",
    "Call",
    "Cancellation",
    "ContactEvent",
    "Context",
    "Conversation",
    "Document",
    "Envelope",
    "Families",
    "Family",
    "Fault",
    "Fetching",
    "FulfillmentEvent",
    "Invoice",
    "InvoiceCharge",
    "InvoiceLine",
    "IssuedCard",
    "Later",
    "Message",
    "MoneyEvent",
    "MovedGoods",
    "NotReadable",
    "Notice",
    "Order",
    "OrderLine",
    "OrderReply",
    "Outbound",
    "Outcome",
    "Outgoing",
    "Package",
    "Page",
    "PartFault",
    "Party",
    "PaymentEvent",
    "PricePatch",
    "ProductPatch",
    "Rate",
    "Reading",
    "ReceivedPart",
    "Refused",
    "ReplyLine",
    "ReturnEvent",
    "ReturnedGoods",
    "Sale",
    "SaleLine",
    "StockRow",
    "StopWish",
    "SupplyDelta",
    "SupplySnapshot",
    "TakenTender",
    "Talk",
    "Tell",
    "Telling",
    "TenderWish",
    "Void",
    "as_text",
    "checked",
    "checked_text",
    "e_invoice",
    "family_of",
    "first_instant",
    "instant_text",
    "is_ping",
    "is_signed",
    "json_call",
    "json_family",
    "keep_whole",
    "kept_text",
    "kind_of",
    "leads_into",
    "net_price_milli",
    "one_line",
    "read_json",
    "read_records",
    "text_family",
    "version_of",
    "wary",
    "wary_of_pages",
]
