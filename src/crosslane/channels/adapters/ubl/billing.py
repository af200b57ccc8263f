"""Invoices and credit notes of ours, as EN 16931 wants them and, where it can be, as Peppol does.

Sums are those of the document that was issued, to the last cent. A line tells its price for one
unit where that comes out exactly, else for all its units together.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from crosslane.channels.adapters.telling import (
    Conversation,
    Document,
    Outcome,
    Outgoing,
    Refused,
    Talk,
)
from crosslane.channels.adapters.ubl.writing import (
    EMAIL,
    GLN,
    PEPPOL,
    PIECE,
    Counted,
    Sender,
    address,
    amount,
    basic,
    document,
    endpoint,
    identified,
    part,
    plain,
    price_of,
)
from crosslane.channels.domain.replies import Invoice, InvoiceCharge, InvoiceLine, Party
from crosslane.customers import Address
from crosslane.kernel import MILLI_PER_MINOR, line_amount, rounded_ratio

CORE = "urn:cen.eu:en16931:2017"
BILLING = f"{CORE}#compliant#{PEPPOL}2017:poacc:billing:3.0"
PROCESS = f"{PEPPOL}2017:poacc:billing:01:1.0"
KINDS = {"invoice": ("Invoice", "380"), "credit_note": ("CreditNote", "381")}
DUE_NOW = "Due on receipt"
TRANSFER = "30"
FREIGHT = frozenset(("shipping", "delivery", "freight"))
# Whoever sells from one of these to another sells within one area of value added tax.
UNION = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"),
        *("IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI"),
    )
)
SAME_AREA = {"IM": "GB", "MC": "FR", "EL": "GR"}


class Category(NamedTuple):
    """How something is taxed (UNCL 5305), at which rate in basis points, and why not."""

    code: str
    rate_bp: int
    reason: str = ""
    reason_code: str = ""


STANDARD, ZERO = "S", "Z"
WITHIN = Category("K", 0, "Intra-community supply", "VATEX-EU-IC")
EXPORT = Category("G", 0, "Export", "VATEX-EU-G")
OUTSIDE = Category("O", 0, "Not subject to VAT", "VATEX-EU-O")


class Row(NamedTuple):
    """A line of the document.

    Args:
        line: the goods, or a charge that stands among them since there are no goods.
        told: how many they are, at least one.
    """

    line: InvoiceLine
    told: Counted


def bill(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell of invoices and credit notes."""
    outcomes: list[Outcome] = []
    for one in messages:
        if not isinstance(one.message, Invoice):
            raise TypeError(f"{one.message} is no invoice")
        try:
            yield billed(one, one.message, talk)
        except Refused as refused:
            outcomes.append(Outcome(state="refused", code=refused.code, detail=refused.detail))
        else:
            outcomes.append(Outcome())
    return outcomes


def billed(one: Outgoing, said: Invoice, talk: Talk) -> Document:
    """Return an invoice or credit note.

    Args:
        one: the message, with its order if that is known.
        said: what it says.
        talk: with whom; its settings name the partners and where money goes.

    Raises:
        Refused: it lacks what EN 16931 wants of every invoice.
    """
    return _Bill(one, said, talk).document()


class _Bill:
    """One document that is being written."""

    def __init__(self, one: Outgoing, said: Invoice, talk: Talk) -> None:
        self.one, self.said, self.talk = one, said, talk
        self.sender = Sender.of(one)
        self.name, self.code = KINDS[said.kind]
        self.currency = said.currency
        self.seller = self._endpoint("SellerSupplierParty", said.seller, "our_id")
        self.buyer = self._endpoint("BuyerCustomerParty", said.buyer, "their_id")
        goods = [
            Row(line, self.sender.counted(line.id, max(line.quantity, 1))) for line in said.lines
        ]
        # A document has at least one line; without goods its charges are those.
        self.rows = goods or [Row(_as_line(charge), Counted("1", PIECE)) for charge in said.charges]
        self.charges = said.charges if goods else ()
        self._require()

    def _require(self) -> None:
        said = self.said
        if not plain(said.buyer.name):
            raise Refused("buyer-unnamed", "An invoice of EN 16931 names its buyer")
        if not self.rows:
            raise Refused("lines-missing", "An invoice of EN 16931 has a line")
        if said.tax_minor and not said.seller.tax_id:
            detail = "An invoice with VAT needs the seller's VAT number"
            raise Refused("seller-tax-number-missing", detail)

    def _endpoint(self, role: str, party: Party, setting: str) -> str:
        """Return the electronic address of a party: as set, as told, as ordered, its e-mail."""
        scheme, _, number = self.talk.settings.get(setting, "").partition(":")
        if number:
            return endpoint(number, scheme)
        for scheme, number in party.ids.items():
            if found := endpoint(number, scheme):
                return found
        at = f"/{role}/Party/EndpointID"
        found = endpoint(self.sender.says(at), self.sender.says(f"{at}/@schemeID"))
        return found or endpoint(party.email, EMAIL)

    @property
    def is_peppol(self) -> bool:
        """Whether both partners can be addressed, as Peppol wants."""
        return bool(self.seller and self.buyer and self._order())

    def document(self) -> Document:
        said = self.said
        is_invoice = self.name == "Invoice"
        profile = (BILLING, PROCESS) if self.is_peppol else (CORE, "")
        return document(
            self.one,
            self.name,
            said.source_id,
            basic("CustomizationID", profile[0]),
            basic("ProfileID", profile[1]),
            basic("ID", said.source_id),
            basic("IssueDate", said.issued_on),
            basic("DueDate", said.due_on) if is_invoice else "",
            basic(f"{self.name}TypeCode", self.code),
            basic("DocumentCurrencyCode", self.currency),
            basic("BuyerReference", self.talk.settings.get("buyer_reference")),
            part("OrderReference", basic("ID", self._order()), basic("SalesOrderID", said.ours))
            if self._order()
            else "",
            *(
                part(
                    "BillingReference",
                    part(
                        "InvoiceDocumentReference",
                        basic("ID", each.number),
                        basic("IssueDate", each.issued_on),
                    ),
                )
                for each in said.corrects
            ),
            part("AccountingSupplierParty", self._party(said.seller, self.seller, is_seller=True)),
            part("AccountingCustomerParty", self._party(said.buyer, self.buyer)),
            part(
                "Delivery",
                basic("ActualDeliveryDate", said.supplied_on),
                part("DeliveryLocation", address("Address", _receiver(said))),
            ),
            self._payment_means(),
            self._payment_terms(),
            *map(self._charge, self.charges),
            self._taxes(),
            self._totals(),
            *(self._line(n, row) for n, row in enumerate(self.rows, 1)),
        )

    def _order(self) -> str:
        order = self.sender.order
        return (order.number if order else "") or self.said.order or self.said.ours

    def _party(self, party: Party, at: str, *, is_seller: bool = False) -> str:
        numbers = [
            part("PartyIdentification", basic("ID", number, schemeID=scheme))
            for scheme, number in party.ids.items()
            if scheme == GLN
        ]
        if is_seller and not (party.tax_id or numbers):
            numbers = [part("PartyIdentification", basic("ID", party.name))]
        taxed = self._is_taxed and party.tax_id
        return part(
            "Party",
            at,
            *numbers,
            address("PostalAddress", party.address)
            or part("PostalAddress", part("Country", basic("IdentificationCode", self._country))),
            part("PartyTaxScheme", basic("CompanyID", party.tax_id), _scheme()) if taxed else "",
            part("PartyLegalEntity", basic("RegistrationName", party.name)),
        )

    @property
    def _is_taxed(self) -> bool:
        return bool(self.said.seller.tax_id)

    @property
    def _country(self) -> str:
        """Where it was sold, of a buyer who did not say where they live."""
        jurisdiction = next((row.line.jurisdiction for row in self.rows), "")
        home = self.said.seller.address
        return jurisdiction[:2] or (home.country if home else "")

    def _payment_means(self) -> str:
        account = self.talk.settings.get("iban", "").replace(" ", "")
        if self.said.paid or not account or self.name != "Invoice":
            return ""
        bank = basic("ID", self.talk.settings.get("bic"))
        return part(
            "PaymentMeans",
            basic("PaymentMeansCode", TRANSFER),
            basic("PaymentID", self.said.source_id),
            part(
                "PayeeFinancialAccount",
                basic("ID", account),
                part("FinancialInstitutionBranch", bank),
            ),
        )

    def _payment_terms(self) -> str:
        """Return until when it is to be paid, in words where no day was agreed on."""
        said = self.said
        if said.paid or (said.due_on and self.name == "Invoice"):
            return ""
        words = self.talk.settings.get("payment_terms") or (
            f"Due on {said.due_on}" if said.due_on else DUE_NOW
        )
        return part("PaymentTerms", basic("Note", words))

    def _category(self, rate_bp: int) -> Category:
        """Return how something is taxed: by its rate, and without one by where it goes."""
        if rate_bp:
            return Category(STANDARD, rate_bp)
        if not self._is_taxed:
            return OUTSIDE
        home, away = self._area(self.said.seller.address), self._area(_receiver(self.said))
        if not away or home == away:
            return Category(ZERO, 0)
        if home in UNION and away in UNION:
            return WITHIN if self.said.buyer.tax_id else Category(ZERO, 0)
        return EXPORT

    def _area(self, of: Address | None) -> str:
        country = of.country if of else ""
        return SAME_AREA.get(country, country)

    def _charge(self, charge: InvoiceCharge) -> str:
        is_charge = charge.net_minor >= 0
        freight = "FC" if is_charge and charge.kind in FREIGHT else ""
        return part(
            "AllowanceCharge",
            basic("ChargeIndicator", "true" if is_charge else "false"),
            basic("AllowanceChargeReasonCode", freight),
            basic("AllowanceChargeReason", charge.title or charge.kind.replace("_", " ")),
            amount("Amount", abs(charge.net_minor), self.currency),
            _taxed("TaxCategory", self._category(charge.tax_rate_bp)),
        )

    def _taxes(self) -> str:
        sums: dict[Category, list[int]] = defaultdict(lambda: [0, 0])
        for one in (*(row.line for row in self.rows), *self.charges):
            found = sums[self._category(one.tax_rate_bp)]
            found[0] += one.net_minor
            found[1] += one.tax_minor
        return part(
            "TaxTotal",
            amount("TaxAmount", self.said.tax_minor, self.currency),
            *(
                part(
                    "TaxSubtotal",
                    amount("TaxableAmount", net, self.currency),
                    amount("TaxAmount", tax, self.currency),
                    _taxed("TaxCategory", category, with_reason=True),
                )
                for category, (net, tax) in sums.items()
            ),
        )

    def _totals(self) -> str:
        said, currency = self.said, self.currency
        charged = sum(one.net_minor for one in self.charges if one.net_minor >= 0)
        allowed = -sum(one.net_minor for one in self.charges if one.net_minor < 0)
        prepaid = said.gross_minor if said.paid else 0
        return part(
            "LegalMonetaryTotal",
            amount("LineExtensionAmount", sum(row.line.net_minor for row in self.rows), currency),
            amount("TaxExclusiveAmount", said.net_minor, currency),
            amount("TaxInclusiveAmount", said.gross_minor, currency),
            amount("AllowanceTotalAmount", allowed or None, currency),
            amount("ChargeTotalAmount", charged or None, currency),
            amount("PrepaidAmount", prepaid or None, currency),
            amount("PayableAmount", said.gross_minor - prepaid, currency),
        )

    def _line(self, place: int, row: Row) -> str:
        line = row.line
        quantity = f"{'-' if line.net_minor < 0 else ''}{row.told.units}"
        kind = "Invoiced" if self.name == "Invoice" else "Credited"
        return part(
            f"{self.name}Line",
            basic("ID", place),
            basic(f"{kind}Quantity", quantity, unitCode=row.told.unit),
            amount("LineExtensionAmount", line.net_minor, self.currency),
            part("OrderLineReference", basic("LineID", line.id)),
            part(
                "Item",
                basic("Name", plain(line.title) or line.sku or line.article or "Goods"),
                *identified(line.sku, line.article, line.gtin),
                _taxed("ClassifiedTaxCategory", self._category(line.tax_rate_bp)),
            ),
            self._price(row),
        )

    def _price(self, row: Row) -> str:
        line, told = row
        units = max(line.quantity, 1)
        net, currency = abs(line.net_minor), self.currency
        milli = line.unit_price_milli
        if milli * units != net * MILLI_PER_MINOR:
            milli = rounded_ratio(net * MILLI_PER_MINOR, 1, units)
        base = "" if line_amount(milli, units) == net else told.units
        price = price_of(net * MILLI_PER_MINOR if base else milli * told.each, currency)
        return part(
            "Price",
            basic("PriceAmount", price, currencyID=currency),
            basic("BaseQuantity", base, unitCode=told.unit),
        )


def _as_line(charge: InvoiceCharge) -> InvoiceLine:
    return InvoiceLine(
        title=charge.title or charge.kind.replace("_", " "),
        quantity=1,
        unit_price_milli=abs(charge.net_minor) * MILLI_PER_MINOR,
        net_minor=charge.net_minor,
        tax_minor=charge.tax_minor,
        tax_rate_bp=charge.tax_rate_bp,
        jurisdiction=charge.jurisdiction,
    )


def _receiver(said: Invoice) -> Address | None:
    party = said.ship_to or said.buyer
    return party.address


def _scheme() -> str:
    return part("TaxScheme", basic("ID", "VAT"))


def _taxed(name: str, category: Category, *, with_reason: bool = False) -> str:
    percent = f"{Decimal(category.rate_bp) / 100:f}" if category.code != OUTSIDE.code else ""
    return part(
        name,
        basic("ID", category.code),
        basic("Percent", percent),
        basic("TaxExemptionReasonCode", category.reason_code) if with_reason else "",
        basic("TaxExemptionReason", category.reason) if with_reason else "",
        _scheme(),
    )
