"""Gift cards that a till sells: money that is owed from then on, and no goods.

Rules: POSLog tells them as ``StoredValueFundSale``, in later versions, or as a ``Sale`` whose
``ItemType`` says so. Of a card's number only its end is kept, as whoever knows it can spend it.
"""

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.markup import Part
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.poslog.baskets import BACK, SOLD, words
from crosslane.channels.domain.messages import IssuedCard
from crosslane.kernel import allocate

FUND = "StoredValueFundSale"
KINDS = frozenset(
    (
        *("giftcertificate", "giftcard", "giftvoucher", "storedvalue", "storedvaluefund"),
        *("storedvaluefundsale", "storedvaluecertificate"),
    )
)
# Parts of a line that only a gift card has.
PARTS = ("GiftCertificate", "GiftCard", "StoredValueFund")
NUMBERS = ("SerialNumber", "CardNumber", "Number", "@SerialNumber")
AMOUNTS = ("ExtendedAmount", "ActualSalesUnitPrice", "UnitListPrice", "RegularSalesUnitPrice")
END_CHARACTERS = 4
CARDS_OF_LINE_MAX = 50


def issued(item: Part, currency: str) -> list[IssuedCard]:
    """Return the gift cards a line sells; none when it is about something else.

    Args:
        item: the line.
        currency: ISO 4217, of the transaction.

    Raises:
        NotReadable: it does not say what is on them, or money is given back for one.
    """
    for name in (FUND, *SOLD, *BACK):
        if name in item and (name == FUND or _is_card(item.part(name))):
            part = item.part(name)
            minor, cards = _worth(part, currency)
            if name in BACK or minor < 0:
                detail = "Money was given back for a gift card: block the card, and decline this"
                raise NotReadable(Fault("gift-card-returned", detail, part.at))
            number = _number(part)
            shares = allocate(minor, [1] * cards)
            return [IssuedCard(minor=share, code_end=number) for share in shares]
    return []


def _is_card(part: Part) -> bool:
    return words(part.peek("@ItemType")) in KINDS or any(name in part for name in PARTS)


def _worth(part: Part, currency: str) -> tuple[int, int]:
    """Return what a line puts on its cards in all, in minor units, and how many they are."""
    told = part.peek("Quantity") or "1"
    whole, _, fraction = told.removeprefix("-").partition(".")
    if not whole.isdecimal() or fraction.strip("0") or not 0 < int(whole) <= CARDS_OF_LINE_MAX:
        raise part.wrong("Quantity", f"a number of gift cards, {CARDS_OF_LINE_MAX} at most")
    part.text("Quantity")
    cards = int(whole)
    name = next((one for one in AMOUNTS if one in part), AMOUNTS[0])
    minor = part.minor(name, currency)
    if not minor:
        raise part.missing(AMOUNTS[0])
    minor = minor if name == AMOUNTS[0] else minor * cards
    return -abs(minor) if told.startswith("-") else minor, cards


def _number(part: Part) -> str:
    """Return the end of a card's number, and read all of it wherever it stands."""
    found = ""
    for inner in (*(part.part(name) for name in PARTS if name in part), part):
        for name in NUMBERS:
            found = found or inner.text(name)[-END_CHARACTERS:]
    return found
