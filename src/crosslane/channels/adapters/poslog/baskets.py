"""Goods of a till's transaction and the money for them, so that both come to the same sum.

Tills tell prices in several ways: with tax or without, before or after reductions, voided goods as
lines of their own or as marked ones. What was paid tells which of them is meant; when none of
them comes to it, nothing of the transaction is believed.
"""

import itertools
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import msgspec
from stdnum import ean

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.markup import Part
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.prices import even_price_milli
from crosslane.channels.domain.messages import SaleLine, TakenTender
from crosslane.channels.domain.told import TillMethod
from crosslane.kernel import Invalid, allocate, parse_minor
from crosslane.returns import Disposition, ReturnReason

# What a line may be, when it is goods: those that went out, and those that came back.
SOLD = ("Sale", "SaleForPickup", "SaleForDelivery", "CustomerOrderForPickup")
BACK = ("Return", "ReturnForDelivery", "ReturnForPickup")
# Sums that are taken off or added when the basket is complete.
REDUCTIONS = ("LoyaltyReward", "Discount", "TransactionDiscount", "Rounding", "Coupon")
AMOUNTS_OF_REDUCTION = (
    "Amount",
    "ExtendedRewardAmount",
    "RewardAmount",
    "MonetaryAmount",
    "RoundingAmount",
)
METHODS: dict[str, TillMethod] = {
    **dict.fromkeys(
        ("cash", "check", "cheque", "travelerscheck", "travelercheck", "moneyorder"), "cash"
    ),
    **dict.fromkeys(("foreigncurrency", "foreigncash", "bankcheck"), "cash"),
    **dict.fromkeys(("creditdebit", "credit", "debit", "card", "creditcard"), "card"),
    **dict.fromkeys(("debitcard", "ebt", "electronicbenefitstransfer", "electroniccheck"), "card"),
    **dict.fromkeys(("echeck", "mobilepayment", "wallet", "ewallet", "paypal"), "card"),
    **dict.fromkeys(("accountsreceivable", "customeraccount", "houseaccount"), "on_account"),
    **dict.fromkeys(("onaccount", "purchaseorder", "storeaccount", "sendcheck"), "on_account"),
    # Others owe what was paid with them.
    **dict.fromkeys(("coupon", "manufacturercoupon", "vendorcoupon", "thirdparty"), "on_account"),
    **dict.fromkeys(("wic", "wiccheck", "foodstamp", "foodstamps"), "on_account"),
    **dict.fromkeys(("giftcard", "giftcertificate", "storedvalue", "voucher"), "stored_value"),
    **dict.fromkeys(("storecredit", "creditvoucher", "creditmemo", "loyalty"), "stored_value"),
}
REASONS: dict[str, ReturnReason] = {
    "changedmind": "changed_mind",
    "changeofmind": "changed_mind",
    "unwanted": "changed_mind",
    "toosmall": "too_small",
    "toolarge": "too_large",
    "toobig": "too_large",
    "notasdescribed": "not_as_described",
    "damaged": "damaged",
    "defective": "faulty",
    "faulty": "faulty",
    "broken": "faulty",
    "wrongitem": "wrong_item",
    "gift": "gift",
}
DISPOSITIONS: dict[str, Disposition] = {
    "returntostock": "sellable",
    "restock": "sellable",
    "resale": "sellable",
    "sellable": "sellable",
    "returntovendor": "vendor",
    "vendor": "vendor",
    "destroy": "destroy",
    "discard": "destroy",
    "scrap": "destroy",
    "damaged": "destroy",
    "repair": "refurbish",
    "refurbish": "refurbish",
}
# Where a link to another transaction names its store and business day, by version.
STORES = ("RetailStoreID", "BusinessUnit/UnitID", "BusinessUnit")
DAYS = ("BusinessDayDate", "BusinessDayDate/Date")
# What ISO 4217 calls no currency; tills name it beside nothing.
NO_CURRENCY = "XXX"
CURRENCIES = ("@Currency", "@CurrencyCode")
# Money that a card paid for and the customer took with him.
CASH_BACK = ("Cashback", "CashBack", "CashbackAmount", "CashBackAmount")
# What a unit was sold for, else what it costs otherwise.
UNIT_PRICES = ("ActualSalesUnitPrice", "RegularSalesUnitPrice")
# What is told as a way of paying, and is no money: cents that no coin is made for.
ROUNDED = "rounding"
TITLE_CHARACTERS_MAX = 200
STAFF_CHARACTERS_MAX = 64
GTIN_DIGITS = (8, 12, 13, 14)
GTINS_KEPT_MAX = 20_000
WORDS_KEPT_MAX = 1_000


class Goods(msgspec.Struct):
    """Goods of a line while they are reckoned.

    Args:
        sku, quantity, gtin, title, staff, discount_minor: of the line to be.
        origin: likewise what is known of goods that came back, by name.
        part: of the record.
        minor: what they cost as the till's line says; negative for goods that came back.
        off_minor: what was taken off it, as its line says; likewise.
        taxes_minor: tax told on the line.
    """

    sku: str
    quantity: int
    gtin: str
    title: str
    staff: str
    discount_minor: int
    origin: dict[str, Any]
    part: Part
    minor: int
    off_minor: int
    taxes_minor: int


@lru_cache(GTINS_KEPT_MAX)
def is_gtin(text: str) -> bool:
    """Whether a number is one by GS1, as its check digit says."""
    return len(text) in GTIN_DIGITS and ean.is_valid(text)


@lru_cache(WORDS_KEPT_MAX)
def words(text: str) -> str:
    """Return a code without its prefix, blanks and case: tills spell them as they like."""
    return "".join(filter(str.isalnum, text.rpartition(":")[2])).lower()


def goods(item: Part, currency: str, zone_day: str) -> Goods | None:
    """Return the goods of a line, None when it is about none.

    Args:
        item: the line.
        currency: ISO 4217, of the transaction.
        zone_day: business day of the transaction, for links that name none.
    """
    for name in (*SOLD, *BACK):
        if name in item:
            return _goods(item.part(name), currency, name in BACK, zone_day)
    return None


def _goods(part: Part, currency: str, back: bool, day: str) -> Goods:
    scanned = part.peek("POSIdentity/POSItemID") if "POSIdentity" in part else ""
    sku = part.text("ItemID") or scanned
    if scanned and (scanned == sku or is_gtin(scanned)):
        part.text("POSIdentity/POSItemID")
    if not sku:
        raise part.missing("ItemID")
    quantity = _units(part)
    minor = part.minor("ExtendedAmount", currency)
    if minor is None:
        minor = _priced(part, currency, quantity)
    back = back or quantity < 0 or minor < 0
    off = modifiers = taxes = 0
    if "ExtendedDiscountAmount" in part:
        off = abs(part.minor("ExtendedDiscountAmount", currency) or 0)
    if "RetailPriceModifier" in part:
        modifiers = sum([_reduction(one, currency) for one in part.parts("RetailPriceModifier")])
    if "Tax" in part:
        taxes = sum([_tax(one, currency)[1] for one in part.parts("Tax")])
    if back:
        minor, taxes = -abs(minor), -abs(taxes)
    return Goods(
        sku=sku,
        quantity=-abs(quantity) if back else quantity,
        gtin=scanned if is_gtin(scanned) else sku if is_gtin(sku) else "",
        title=part.within(TITLE_CHARACTERS_MAX, "Description", "ItemID/@Name"),
        staff=_seller(part),
        discount_minor=off or modifiers,
        origin=_origin(part, day) if back else {},
        part=part,
        minor=minor,
        off_minor=off if minor >= 0 else -off,
        taxes_minor=taxes,
    )


def _units(part: Part) -> int:
    """Return how many units a line is about: what was weighed or measured is one unit of itself."""
    text = part.peek("Quantity")
    if text.isdecimal() and 0 < len(text) < 10 and text != "0":
        part.text("Quantity")
        return int(text)
    try:
        number = Decimal(text or "1")
        pieces = Decimal(part.peek("Quantity/@Units") or number)
    except InvalidOperation:
        raise part.wrong("Quantity", "a number") from None
    if not number.is_finite() or not pieces.is_finite() or abs(number) > 10**9:
        raise part.wrong("Quantity", "a number of units")
    if number and number == number.to_integral_value():
        part.text("Quantity")
        return int(number)
    whole = pieces == pieces.to_integral_value() and 0 < abs(pieces) <= 10**9
    # The weight stays among what nobody acts upon, and with it the price of a pound.
    return (int(abs(pieces)) if whole else 1) * (-1 if number < 0 else 1)


def _priced(part: Part, currency: str, quantity: int) -> int:
    """Return what goods cost whose line tells the price of a unit alone."""
    name = next((name for name in UNIT_PRICES if name in part), UNIT_PRICES[-1])
    one = part.minor(name, currency)
    if one is None:
        raise part.missing("ExtendedAmount")
    # What was weighed is left over: one unit, of which a pound costs so much.
    number = Decimal(part.peek("Quantity") or quantity)
    return int((abs(one * number)).quantize(Decimal(1), ROUND_HALF_UP)) * (-1 if number < 0 else 1)


def _reduction(modifier: Part, currency: str) -> int:
    if words(modifier.peek("Amount/@Action") or "subtract") != "subtract":
        return 0
    modifier.text("Amount/@Action")
    return max(0, modifier.minor("Amount", currency) or 0)


def _seller(part: Part) -> str:
    for name in ("Associate", "SalesAssociate"):
        if name in part:
            return part.part(name).within(STAFF_CHARACTERS_MAX, "AssociateID", "OperatorID")
    return ""


def _origin(part: Part, day: str) -> dict[str, Any]:
    """Return which sale goods that came back belong to, why they came, and where they go."""
    said: dict[str, Any] = {}
    if "TransactionLink" in part:
        link = part.part("TransactionLink")
        named = receipt_of(link, "")
        said["receipt" if named else "proof"] = named or receipt_of(link, day) or "receipt"
    reason = REASONS.get(words(part.peek("Reason") or part.peek("ReasonCode")))
    if reason:
        part.text("Reason", "ReasonCode")
        said["reason"] = reason
    where = DISPOSITIONS.get(words(part.peek("Disposal/@Method") or part.peek("Disposal/Method")))
    if where:
        part.text("Disposal/@Method", "Disposal/Method")
        said["disposition"] = where
    return said


def receipt_of(link: Part, day: str, store: str = "", till: str = "") -> str:
    """Return the receipt another transaction is known by, "" when its day is not told.

    Args:
        link: to the transaction.
        day: the business day when the link names none.
        store: likewise the store.
        till: likewise the till.
    """
    told = next(
        (t for name in (*DAYS, "BeginDateTime", "EndDateTime") if (t := link.peek(name))), ""
    )
    day = told[:10] or day
    store = next((s for name in STORES if (s := link.peek(name))), store)
    till = link.peek("WorkstationID") or link.peek("TillID") or till
    number = link.peek("SequenceNumber")
    if not (day and store and till and number):
        return ""
    link.text(*STORES)
    link.text("WorkstationID", "TillID")
    link.text(*DAYS)
    link.text("SequenceNumber")
    return f"{store}/{till}/{day}-{number}"[:100]


def _tax(part: Part, currency: str) -> tuple[str, int]:
    return part.text("@TaxID", "@acs:TaxID"), part.minor("Amount", currency) or 0


def tax(item: Part, currency: str) -> list[tuple[str, int]]:
    """Return the taxes a line is about: which, and how much, in minor units."""
    return [_tax(part, currency) for part in item.parts("Tax")]


def reductions(item: Part, currency: str) -> list[int]:
    """Return what a line takes off the basket or adds to it; it is left among the rest."""
    parts = [item.part(name) for name in REDUCTIONS if name in item]
    return [minor for part in parts for minor in _amounts(part, AMOUNTS_OF_REDUCTION, currency)]


def _amounts(part: Part, names: Sequence[str], currency: str) -> list[int]:
    """Return amounts that are left over, as far as they are some."""
    found: list[int] = []
    for name in names:
        text = part.peek(name) or part.peek(f"acs:{name}")
        try:
            minor = parse_minor(text, currency) if text else 0
        except Invalid:
            continue
        found += [minor] if minor else []
    return found


def tender(item: Part, currency: str) -> tuple[list[TakenTender], list[int]]:
    """Return the money a line is about, change as money given, and cents it was rounded by."""
    taken: list[TakenTender] = []
    rounded: list[int] = []
    for part in item.parts("Tender"):
        kind = words(_kind(part))
        if kind == ROUNDED:
            rounded += _amounts(part, ("Amount",), currency)
        else:
            taken += _tender(part, kind, currency)
    for part in item.parts("TenderChange"):
        # Later versions tell the change by itself, once for each way it was given.
        taken += [_given(one, currency, "cash") for one in part.parts("TenderChange") or [part]]
    return taken, rounded


def drawn(item: Part, currency: str, given: Sequence[TakenTender]) -> Iterator[TakenTender]:
    """Return money that a card paid for and the customer took with him.

    Args:
        item: the line.
        currency: ISO 4217.
        given: what was taken and given, which may tell the same money already.
    """
    for part in item.parts("Tender"):
        for name in (name for name in CASH_BACK if name in part or f"acs:{name}" in part):
            for minor in _amounts(part, (name,), currency):
                one = TakenTender(method="cash", minor=-abs(minor))
                if one not in given:
                    part.text(name)
                    yield one


def _kind(part: Part) -> str:
    """Return as what a way of paying is told: by name, or by what is said of it."""
    told = part.peek("@TenderType") or part.peek("TenderType")
    return told or next((name for name in part.children() if METHODS.get(words(name))), "")


def _tender(part: Part, kind: str, currency: str) -> list[TakenTender]:
    method = METHODS.get(kind)
    if method is None:
        raise part.wrong("@TenderType", "a way of paying that is known")
    part.text("@TenderType", "TenderType")
    minor = part.minor("Amount", currency)
    if minor is None:
        raise part.missing("Amount")
    if words(part.peek("@TypeCode")) in ("refund", "return"):
        minor = -abs(minor)
    part.text("@TypeCode")
    own = next((c for name in CURRENCIES if (c := part.peek(f"Amount/{name}"))), "").upper()
    if own not in (currency, NO_CURRENCY, ""):
        raise part.wrong("Amount", f"an amount in {currency}")
    given = [_given(change, currency, method) for change in part.parts("TenderChange")]
    # A tender that is nothing but change says it twice.
    change = [one for one in given if minor >= 0 or one.minor != minor]
    return [TakenTender(method=method, minor=minor), *change]


def _given(change: Part, currency: str, usual: TillMethod) -> TakenTender:
    """Return change as money that was given; by the usual means when none is told."""
    method = METHODS.get(words(_kind(change)), usual)
    return TakenTender(method=method, minor=-abs(change.minor("Amount", currency) or 0))


def netted(tenders: Sequence[TakenTender]) -> tuple[TakenTender, ...]:
    """Return the money by its means; what was given out of what was taken is none of it."""
    sums: dict[TillMethod, int] = {}
    for one in tenders:
        sums[one.method] = sums.get(one.method, 0) + one.minor
    return tuple(TakenTender(method=m, minor=minor) for m, minor in sums.items() if minor)


def settled(
    found: Sequence[Goods],
    taxes: Sequence[tuple[str, int]],
    off: Sequence[int],
    paid_minor: int,
    at: str,
) -> tuple[SaleLine, ...]:
    """Return the lines at prices that come to what was paid.

    Args:
        found: goods of the basket.
        taxes: on the basket as a whole: which, and how much.
        off: what lines take off the basket or add to it.
        paid_minor: what was taken less what was given.
        at: pointer to the transaction.

    Raises:
        NotReadable: no way of telling prices comes to what was paid.
    """
    told = sum([one.minor for one in found])
    taken_off = sum([one.off_minor for one in found])
    own = sum([one.taxes_minor for one in found])
    whole = sum([minor for _, minor in taxes])
    sign = -1 if told < 0 < whole else 1
    differ = abs(own - sign * whole)
    # Lines and basket may tell the same tax: then that of the lines adds up but for cents.
    is_same = bool(own) and differ <= len(found)
    bound = sum(map(abs, off)) + (differ if is_same else 0)
    for most in dict.fromkeys((0, bound)):
        for also in ((), taxes) if is_same else (taxes,):
            with_tax = own + sign * sum(minor for _, minor in also)
            for minus, plus in itertools.product((0, taken_off), (with_tax, 0)):
                left = paid_minor - (told - minus + plus)
                if abs(left) <= most:
                    return _lines(found, also, sign, bool(minus), bool(plus), left)
    worth = told + own + (0 if is_same else sign * whole)
    detail = f"Goods and taxes come to {worth}, the tenders to {paid_minor} minor units"
    raise NotReadable(Fault("tenders-differ", detail, at))


def _lines(
    found: Sequence[Goods],
    taxes: Sequence[tuple[str, int]],
    sign: int,
    minus: bool,
    plus: bool,
    left: int,
) -> tuple[SaleLine, ...]:
    """Return lines with their share of taxes and reductions of the basket."""
    base = [one.minor - one.off_minor if minus else one.minor for one in found]
    tax_in = [one.taxes_minor for one in found]
    for name, minor in taxes:
        # Some tills mark which goods a tax is on; elsewhere each bears its share.
        marked = [bool(name and one.part.peek(f"acs:Itemizers/@Tax{name}")) for one in found]
        every = not any(marked)
        weights = [abs(b) if every or m else 0 for b, m in zip(base, marked, strict=True)]
        shares = allocate(sign * minor, weights)
        tax_in = [a + b for a, b in zip(tax_in, shares, strict=True)]
    if plus:
        base = [a + b for a, b in zip(base, tax_in, strict=True)]
    shared = allocate(left, [max(b, 0) for b in base]) if left else [0] * len(base)
    has_tax = bool(taxes) or any(tax_in)
    told = zip(found, base, shared, tax_in, strict=True)
    return tuple([_line(o, worth + s, s, t if has_tax else None) for o, worth, s, t in told])


def _line(one: Goods, worth: int, share: int, tax_minor: int | None) -> SaleLine:
    quantity = one.quantity
    if worth and (worth < 0) != (quantity < 0):
        detail = f"What it costs, {worth} minor units, does not fit {quantity} units"
        raise NotReadable(Fault("price-negative", detail, one.part.at))
    price = even_price_milli(abs(worth), abs(quantity), one.part)
    line = SaleLine(
        sku=one.sku,
        quantity=quantity,
        unit_price_milli=price,
        gtin=one.gtin,
        title=one.title,
        staff=one.staff,
        discount_minor=one.discount_minor + max(0, -share),
        tax_minor=tax_minor,
    )
    return msgspec.structs.replace(line, **one.origin) if one.origin else line
