"""What a transaction of a till says: goods and money, what was taken back, what asks nothing."""

import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.markup import Part
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.poslog import baskets, cards
from crosslane.channels.adapters.poslog.voids import voided
from crosslane.channels.domain.messages import IssuedCard, Message, Sale, TakenTender, Void
from crosslane.channels.domain.reports import MoneyEvent, Notice
from crosslane.orders import BuyerWish

RETAIL = ("RetailTransaction", "CustomerOrderTransaction")
VOIDING = ("PostVoidTransaction", "VoidTransaction", "PostVoid")
# A sale that is not over, or never was one.
UNDONE = frozenset(
    (
        *("suspended", "suspend", "retrieved", "voided", "void", "cancelled", "canceled"),
        *("aborted", "incomplete", "inprocess", "cancelsuspended", "totaled", "training"),
    )
)
TAKEN_BACK = frozenset(("postvoid", "postvoided", "postvoiding", "void", "voided"))
# Words that say nothing of what a control transaction is about.
NAMELESS = frozenset(("ReasonCode", "TypeCode", "Description", "Totals"))
STAFF_CHARACTERS_MAX = 64
TITLE_CHARACTERS_MAX = 500
STATE_NAMES = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Stub(msgspec.Struct, frozen=True):
    """What every transaction says of itself.

    Args:
        store, till: where it was made.
        day: business day, as the till writes it.
        at: when it was complete.
        number: of the transaction, as other transactions name it.
        currency: ISO 4217.
        staff: who was at the till.
    """

    store: str
    till: str
    day: str
    at: datetime
    number: str
    currency: str
    staff: str


def said(transaction: Part, context: Context) -> Iterator[Message]:
    """Say what a transaction says; what is left of it is what nobody has read."""
    stub = _stub(transaction, context)
    for name in VOIDING:
        if name in transaction:
            yield _void(transaction, transaction.part(name), stub, context)
            return
    if words_true(transaction, "@TrainingModeFlag"):
        yield _notice(stub, context, "training")
        return
    if words_true(transaction, "@CancelFlag"):
        yield _notice(stub, context, "sale_cancelled")
        return
    for name in RETAIL:
        if name in transaction:
            yield from _retail(transaction, transaction.part(name), stub, context)
            return
    kind = next((name for name in transaction.children() if name.endswith("Transaction")), "")
    if not kind:
        raise NotReadable(Fault("not-a-transaction", "It does not say what it is", transaction.at))
    part = transaction.part(kind)
    does = next((name for name in part.children() if name not in NAMELESS), kind)
    title = part.within(TITLE_CHARACTERS_MAX, "ReasonCode", "TypeCode", "Description")
    yield _notice(stub, context, _snake(does.rpartition(":")[2].removesuffix("Transaction")), title)


def words_true(part: Part, name: str) -> bool:
    """Whether a flag is set; one that is stays among the rest, since it says why."""
    return baskets.words(part.peek(name)) in ("true", "1", "yes")


def _snake(name: str) -> str:
    return STATE_NAMES.sub("_", name).lower()[:100] or "control"


def _stub(transaction: Part, context: Context) -> Stub:
    store = transaction.text("RetailStoreID", "BusinessUnit/UnitID")
    if not store:
        raise transaction.missing("RetailStoreID")
    till = transaction.text("WorkstationID", "TillID")
    if not till:
        raise transaction.missing("WorkstationID")
    number = transaction.needed("SequenceNumber")
    day = transaction.text("BusinessDayDate")
    told = next((t for n in ("EndDateTime", "BeginDateTime") if (t := transaction.peek(n))), "")
    at = transaction.moment("EndDateTime", "BeginDateTime", zone=context.timezone)
    for name in (*RETAIL, "ControlTransaction"):
        at = at or transaction.part(name).moment("ReceiptDateTime", zone=context.timezone)
    if at is None and day:
        at = transaction.instant("BusinessDayDate", day, context.timezone)
    if at is None:
        raise transaction.missing("EndDateTime")
    day = (day or told)[:10] or f"{at:%Y-%m-%d}"
    return Stub(
        store=store,
        till=till,
        day=day,
        at=at,
        number=f"{store}/{till}/{day}-{number}",
        currency=_currency(transaction) or context.currency,
        staff=transaction.peek("OperatorID")[:STAFF_CHARACTERS_MAX],
    )


def _currency(transaction: Part) -> str:
    """Return the currency of a transaction: its own, else that of the first amount it tells."""
    own = transaction.peek("CurrencyCode")
    told = (own,) if own else transaction.told(baskets.CURRENCIES, but="Foreign")
    return next((one.upper() for one in told if one and one != baskets.NO_CURRENCY), "")


def _retail(transaction: Part, part: Part, stub: Stub, context: Context) -> Iterator[Message]:
    status = baskets.words(part.peek("@TransactionStatus") or part.peek("TransactionStatus"))
    links = [*part.parts("TransactionLink"), *transaction.parts("TransactionLink")]
    for link in links:
        reason = link.peek("@ReasonCode") or link.peek("ReasonCode") or link.peek("@TypeCode")
        if baskets.words(reason) in TAKEN_BACK:
            yield _voids(link, stub, context)
            return
    if status in UNDONE:
        yield _notice(stub, context, f"sale_{status}")
        return
    items = part.parts("LineItem")
    gone = voided(items)
    found: list[baskets.Goods] = []
    tenders: list[TakenTender] = []
    taxes: list[tuple[str, int]] = []
    off: list[int] = []
    issued: list[IssuedCard] = []
    for n, item in enumerate(items):
        if n in gone:
            continue
        if sold := cards.issued(item, stub.currency):
            issued += sold
        elif (one := baskets.goods(item, stub.currency, stub.day)) is not None:
            found.append(one)
        elif "Tender" in item or "TenderChange" in item:
            taken, rounded = baskets.tender(item, stub.currency)
            tenders, off = tenders + taken, off + rounded
        elif "Tax" in item:
            taxes += baskets.tax(item, stub.currency)
        else:
            off += baskets.reductions(item, stub.currency)
    tenders += baskets.tender(part, stub.currency)[0]
    for n, item in enumerate(items):
        if "Tender" in item and n not in gone:
            tenders += baskets.drawn(item, stub.currency, tenders)
    taxes += baskets.tax(part, stub.currency)
    paid = sum(one.minor for one in tenders)
    if not (found or issued):
        yield from _money(tenders, stub, context)
        return
    transaction.text("CurrencyCode")
    transaction.within(STAFF_CHARACTERS_MAX, "OperatorID")
    _same_time(part, stub, context)
    yield Sale(
        source_id=stub.number,
        event_at=stub.at,
        channel=context.channel,
        store=stub.store,
        till=stub.till,
        lines=baskets.settled(found, taxes, off, paid - sum(c.minor for c in issued), part.at),
        issued=tuple(issued),
        tenders=baskets.netted(tenders),
        staff=stub.staff,
        customer=_buyer(part.part("Customer")) if "Customer" in part else None,
        voided=status in TAKEN_BACK,
        currency=stub.currency,
    )


def _same_time(part: Part, stub: Stub, context: Context) -> None:
    """Read the receipt's own time when it says the same."""
    told = part.peek("ReceiptDateTime")
    if told and part.instant("ReceiptDateTime", told, context.timezone) == stub.at:
        part.text("ReceiptDateTime")


def _money(tenders: list[TakenTender], stub: Stub, context: Context) -> Iterator[Message]:
    """Say which money moved without goods, such as a payment on account."""
    moved = baskets.netted(tenders)
    if not moved:
        yield _notice(stub, context, "sale_without_goods")
    for one in moved:
        yield MoneyEvent(
            source_id=f"{stub.number}/{one.method}",
            event_at=stub.at,
            channel=context.channel,
            step="captured" if one.minor > 0 else "refunded",
            minor=abs(one.minor),
            currency=stub.currency,
            method=one.method,
            reference=stub.number,
        )


def _void(transaction: Part, part: Part, stub: Stub, context: Context) -> Message:
    links = [*part.parts("TransactionLink"), *transaction.parts("TransactionLink")]
    return _voids(links[0] if links else part, stub, context)


def _voids(link: Part, stub: Stub, context: Context) -> Void:
    # A till takes back what it has sold on the same day, and need not say so.
    voids = baskets.receipt_of(link, stub.day, stub.store, stub.till)
    if not voids:
        raise link.missing("SequenceNumber")
    return Void(
        source_id=stub.number,
        event_at=stub.at,
        channel=context.channel,
        voids=voids,
        same_batch=False,
    )


def _notice(stub: Stub, context: Context, topic: str, title: str = "") -> Notice:
    return Notice(
        source_id=stub.number,
        event_at=stub.at,
        channel=context.channel,
        topic=topic[:100],
        title=title,
    )


def _buyer(customer: Part) -> BuyerWish | None:
    name = customer.text("Name", "FullName", "Name/OfficialName", "Name/FullName")
    if not name:
        parts = (customer.text("Name/FirstName"), customer.text("Name/LastName"))
        name = " ".join(filter(None, parts))
    found = BuyerWish(
        email=customer.text("eMail", "EMail", "EmailAddress"),
        phone=customer.text("TelephoneNumber", "PhoneNumber"),
        name=name,
    )
    return found if found != BuyerWish() else None
