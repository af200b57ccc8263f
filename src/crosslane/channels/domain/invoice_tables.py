"""Invoices as tables say them: goods and charges are rows of one list.

A row a line of the document is what people keep books by, and what spreadsheets can sum. The
message has two lists instead, as every format of invoices has.
"""

from typing import Annotated, Any, Literal

import msgspec

from crosslane.channels.domain.replies import (
    TAX_RATE_BP_MAX,
    Billed,
    Invoice,
    InvoiceCharge,
    InvoiceLine,
    Party,
    Signed,
)
from crosslane.channels.domain.reports import Short, Text
from crosslane.channels.domain.told import LINES_MAX, MINOR_MAX, PriceMilli, Units
from crosslane.customers import Address

_OF_GOODS = ("id", "article", "sku", "gtin", "quantity", "unit_price_milli")
_OF_CHARGES = ("title", "net_minor", "tax_minor", "tax_rate_bp", "jurisdiction")
_ADDRESS = ("country", "lines", "city", "postcode", "region")
_PARTY = ("name", "tax_id", "email")
_LINE_CHARACTERS_MAX = 254

Place = Annotated[str, msgspec.Meta(max_length=_LINE_CHARACTERS_MAX)]


class TabledParty(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody who stands on an invoice, with the parts of the address beside the name.

    Args:
        name: registered name.
        tax_id: number for value added tax, with its country's prefix.
        email: where invoices go.
        lines: street and house, and what else stands above the town.
        city: town; likewise its postcode and its region, and the ISO 3166-1 code of its country.
    """

    name: Text = ""
    tax_id: Short = ""
    email: Text = ""
    lines: Annotated[tuple[Place, ...], msgspec.Meta(max_length=10)] = ()
    city: Place = ""
    postcode: Place = ""
    region: Place = ""
    country: Place = ""


class TabledRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line of an invoice: goods, or what is charged or given back beside them.

    Args:
        part: which of the two; without it what names a charge is one.
        charge: what sort of charge, such as shipping.
        id: the channel's own name of the order's line; likewise of the article.
        sku, gtin: the article; likewise its title, or that of the charge.
        quantity: units; of goods alone, as the price of one is.
        unit_price_milli: price of one without tax, 1/1000 minor unit.
        net_minor: without tax; likewise the tax on it, and both together. Negative for a reduction.
        tax_rate_bp: its rate in basis points; likewise whose tax it is, such as GB.

    Raises:
        ValueError: it is neither goods nor a charge, or does not add up.
    """

    part: Literal["goods", "charge"] | None = None
    charge: Short = ""
    id: Short = ""
    article: Short = ""
    sku: Short = ""
    gtin: Short = ""
    title: Text = ""
    quantity: Units | None = None
    unit_price_milli: PriceMilli | None = None
    net_minor: Signed
    tax_minor: Signed
    gross_minor: Annotated[int, msgspec.Meta(ge=-2 * MINOR_MAX, le=2 * MINOR_MAX)] | None = None
    tax_rate_bp: Annotated[int, msgspec.Meta(ge=0, le=TAX_RATE_BP_MAX)]
    jurisdiction: Short = ""

    def __post_init__(self) -> None:
        if self.part == "goods" and self.charge:
            raise ValueError("Goods are no charge")
        told = [name for name in _OF_GOODS if getattr(self, name) not in ("", None)]
        if self.is_charge and told:
            raise ValueError(f"A charge has no `{told[0]}`")
        if not self.is_charge and (self.quantity is None or self.unit_price_milli is None):
            raise ValueError("Goods need their `quantity` and `unit_price_milli`")
        if self.gross_minor not in (None, self.net_minor + self.tax_minor):
            raise ValueError("`gross_minor` is not what net and tax come to")

    @property
    def is_charge(self) -> bool:
        """Whether it is a charge, and no goods."""
        return self.part == "charge" or bool(self.charge)


class TabledInvoice(Billed, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="invoice"):
    """An invoice or a credit note as a table says it.

    Args:
        seller: who issues it; likewise who buys, and who gets the goods where it is another.
        rows: its goods and its charges.
    """

    seller: TabledParty = TabledParty()
    buyer: TabledParty = TabledParty()
    ship_to: TabledParty | None = None
    rows: Annotated[tuple[TabledRow, ...], msgspec.Meta(max_length=2 * LINES_MAX)] = ()


def tabled(invoice: Invoice) -> TabledInvoice:
    """Return an invoice as a table says it: its goods, then its charges."""
    goods = [
        TabledRow(
            part="goods", gross_minor=one.net_minor + one.tax_minor, **_told(one, InvoiceLine)
        )
        for one in invoice.lines
    ]
    charges = [
        TabledRow(
            part="charge",
            charge=one.kind,
            gross_minor=one.net_minor + one.tax_minor,
            **_named(one, _OF_CHARGES),
        )
        for one in invoice.charges
    ]
    return TabledInvoice(
        seller=_tabled_party(invoice.seller),
        buyer=_tabled_party(invoice.buyer),
        ship_to=_tabled_party(invoice.ship_to) if invoice.ship_to else None,
        rows=(*goods, *charges),
        **_told(invoice, Billed),
    )


def invoice_of(table: TabledInvoice) -> Invoice:
    """Return the invoice a table says; goods and charges keep their order, each among their own."""
    return Invoice(
        seller=_party(table.seller),
        buyer=_party(table.buyer),
        ship_to=_party(table.ship_to) if table.ship_to else None,
        lines=tuple(
            InvoiceLine(**_told(one, InvoiceLine)) for one in table.rows if not one.is_charge
        ),
        charges=tuple(
            InvoiceCharge(kind=one.charge, **_named(one, _OF_CHARGES))
            for one in table.rows
            if one.is_charge
        ),
        **_told(table, Billed),
    )


def _told(one: msgspec.Struct, of: type[msgspec.Struct]) -> dict[str, Any]:
    """Return what something says of all that a struct has."""
    return _named(one, of.__struct_fields__)


def _named(one: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}


def _tabled_party(party: Party) -> TabledParty:
    address = _named(party.address, _ADDRESS) if party.address else {}
    return TabledParty(**_named(party, _PARTY), **address)


def _party(party: TabledParty) -> Party:
    address = _named(party, _ADDRESS)
    return Party(
        **_named(party, _PARTY), address=Address(**address) if any(address.values()) else None
    )
