"""What stands on an invoice or a credit note, decided from what an event tells; pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from crosslane.organization import ChannelType, DocumentKind, Entity, PolicyKind

KEPT_YEARS_MAX = 30
# Who writes Greek VAT numbers writes EL.
VAT_PREFIXES = {"GR": "EL"}


class Issue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which sales and credits of a channel get a document, and how long it names the buyer.

    Args:
        issue: ``unless_till``: not in stores, whose tills print receipts of their own.
        kept_years: full calendar years after the one in which a document was issued.
    """

    issue: Literal["always", "unless_till", "never"] = "unless_till"
    kept_years: Annotated[int, msgspec.Meta(ge=1, le=KEPT_YEARS_MAX)] = 10


ISSUE = PolicyKind("documents.issue", Issue, Issue(), scopes=("channel", "brand", "tenant"))


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """What an event tells of one line or charge; owed by the customer when positive.

    Args:
        ref_id: the order line or the charge.
        quantity: units, 0 for a charge.
        net_minor: without tax.
        tax_minor: the tax on it.
        tax_rate_bp: its rate in basis points.
        jurisdiction: whose tax it is, such as ``GB``.
        charge_kind: what sort of charge, "" for goods.
        variant_id: the article, None for a charge.
    """

    ref_id: UUID
    quantity: int
    net_minor: int
    tax_minor: int
    tax_rate_bp: int
    jurisdiction: str
    charge_kind: str = ""
    variant_id: UUID | None = None


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """An event that asks for a document.

    Args:
        kind: of the event.
        id: subject and number of the event; with its kind it names the cause for ever.
        order_id: the order, None for goods that came back without one.
        channel_id: the channel, None to take the order's.
        return_id: the return it is due to, None for none.
        occurred_at: when it happened in the business.
        at: when it was recorded.
        amounts: of lines and charges.
    """

    kind: str
    id: str
    order_id: UUID | None
    channel_id: UUID | None = None
    return_id: UUID | None = None
    occurred_at: datetime
    at: datetime
    amounts: Sequence[Amount]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a document; amounts are those of the document, so positive on a credit note.

    Args:
        ref_id: the order line or the charge.
        title: as it was sold.
        sku: "" for a charge.
        part_of: title of the bundle it was sold in.
        charge_kind: what sort of charge, "" for goods.
        quantity: units, 0 for a charge.
    """

    ref_id: UUID
    title: str
    sku: str = ""
    part_of: str = ""
    charge_kind: str = ""
    quantity: int
    net_minor: int
    tax_minor: int
    tax_rate_bp: int
    jurisdiction: str


class TaxSum(msgspec.Struct, frozen=True, kw_only=True):
    """All that is taxed at one rate of one jurisdiction."""

    jurisdiction: str
    tax_rate_bp: int
    net_minor: int
    tax_minor: int


class Reference(msgspec.Struct, frozen=True):
    """An invoice that a credit note corrects."""

    number: str
    issued_on: date


class Seller(msgspec.Struct, frozen=True, kw_only=True):
    """Who issues a document.

    Args:
        name: registered name.
        address: lines below it.
        country: ISO 3166-1 code of its seat.
        vat_numbers: with the prefix of their country.
    """

    name: str
    address: list[str]
    country: str
    vat_numbers: list[str]


class Buyer(msgspec.Struct, frozen=True):
    """Whom a document is for; empty where nobody said, and after its retention."""

    lines: list[str] = []


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says for ever, besides its number and whom it is for.

    Args:
        seller: who issues it.
        brand: name the retailer goes by.
        order_number: for people, "" without an order.
        source_id: the channel's own number of the order.
        ordered_on: day it was placed, None without an order.
        issued_on: day of the document, where the channel is.
        supplied_on: day goods left or came back.
        net_prices: prices were named without tax.
        lines: goods in the order of the order, then charges.
        taxes: sums per jurisdiction and rate.
        references: invoices a credit note corrects.
        return_number: of the return it is due to, "" for none.
    """

    seller: Seller
    brand: str
    order_number: str = ""
    source_id: str = ""
    ordered_on: date | None = None
    issued_on: date
    supplied_on: date
    net_prices: bool
    lines: list[Line]
    taxes: list[TaxSum]
    references: list[Reference] = []
    return_number: str = ""


class Named(msgspec.Struct, frozen=True):
    """How a line or charge is called on an order.

    Args:
        place: where it stands.
        title: of the article or charge.
        sku: "" for a charge.
        part_of: title of the bundle it was sold in.
    """

    place: int
    title: str
    sku: str = ""
    part_of: str = ""


UNNAMED = Named(0, "")


def is_issued(value: Issue, channel_type: ChannelType) -> bool:
    """Tell whether a channel's sales and credits get documents of ours."""
    return value.issue == "always" or (value.issue == "unless_till" and channel_type != "store")


def kind_of(amounts: Iterable[Amount]) -> DocumentKind | None:
    """Return what sort of document amounts ask for, None when there is nothing to tell.

    What the customer owes is invoiced, what is given back is credited, all of it in one document.
    """
    told = [amount for amount in amounts if amount.net_minor or amount.tax_minor]
    if not told:
        return None
    owed = sum(amount.net_minor + amount.tax_minor for amount in told)
    return "credit_note" if owed < 0 else "invoice"


def lines_of(
    kind: DocumentKind, amounts: Iterable[Amount], names: Mapping[UUID, Named]
) -> list[Line]:
    """Return the lines of a document, units of one line from several locations as one line."""
    sign = -1 if kind == "credit_note" else 1
    told: dict[UUID, Line] = {}
    for amount in amounts:
        name = names.get(amount.ref_id, UNNAMED)
        before = told.get(amount.ref_id)
        told[amount.ref_id] = Line(
            ref_id=amount.ref_id,
            title=name.title,
            sku=name.sku,
            part_of=name.part_of,
            charge_kind=amount.charge_kind,
            quantity=amount.quantity + (before.quantity if before else 0),
            net_minor=sign * amount.net_minor + (before.net_minor if before else 0),
            tax_minor=sign * amount.tax_minor + (before.tax_minor if before else 0),
            tax_rate_bp=amount.tax_rate_bp,
            jurisdiction=amount.jurisdiction,
        )
    return sorted(
        told.values(),
        key=lambda line: (bool(line.charge_kind), names.get(line.ref_id, UNNAMED).place),
    )


def taxes_of(lines: Iterable[Line]) -> list[TaxSum]:
    """Return the sums per jurisdiction and rate, the highest rate first."""
    sums: dict[tuple[str, int], tuple[int, int]] = {}
    for line in lines:
        key = line.jurisdiction, line.tax_rate_bp
        net, tax = sums.get(key, (0, 0))
        sums[key] = net + line.net_minor, tax + line.tax_minor
    ordered = sorted(sums.items(), key=lambda one: (one[0][0], -one[0][1]))
    return [
        TaxSum(jurisdiction=where, tax_rate_bp=rate, net_minor=net, tax_minor=tax)
        for (where, rate), (net, tax) in ordered
    ]


def seller_of(entity: Entity, lines: Iterable[Line]) -> Seller:
    """Return an entity as a document names it, with its VAT numbers where its tax is due.

    The number of its seat stands there too; where it has none of either, all it has.
    """
    wanted = {line.jurisdiction[:2] for line in lines} | {entity.country}
    numbers = [vat for vat in entity.vat_numbers if vat.country in wanted]
    return Seller(
        name=entity.name,
        address=list(entity.address),
        country=entity.country,
        vat_numbers=[_shown(vat.country, vat.number) for vat in numbers or entity.vat_numbers],
    )


def corrected(
    lines: Iterable[Line], invoices: Sequence[tuple[Reference, frozenset[UUID]]]
) -> list[Reference]:
    """Return which invoices of an order a credit note corrects: those with its lines, else all.

    Args:
        lines: of the credit note.
        invoices: each with the lines and charges on it, oldest first.
    """
    refs = {line.ref_id for line in lines}
    return [ref for ref, theirs in invoices if refs & theirs] or [ref for ref, _ in invoices]


def day_of(moment: datetime, timezone: str) -> date:
    """Return the day of an instant in a zone."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def kept_until(issued_on: date, kept_years: int) -> date:
    """Return the last day a document names its buyer: retention counts from the year's end."""
    return date(issued_on.year + kept_years, 12, 31)


def _shown(country: str, number: str) -> str:
    prefix = VAT_PREFIXES.get(country, country)
    return number if number.startswith(prefix) else f"{prefix}{number}"
