"""What is done for credit notes, job by job; pure.

All jobs of a customer are done one after the other. First come the goods, in the order of the
credit notes, because how much a customer has left depends on what came back before. Then comes
goodwill: it lowers what the goods of an order cost, so it must wait until all that come back have.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain

from msgspec import Struct

from crosslane.demo.credits import Claim, CreditNote, GivenBack, Take
from crosslane.demo.report.nouns import FateName
from crosslane.demo.streams import MARKETPLACE_FEE

OVER = "more than the customer had left"
NOBODY, NEVER = "no customer is named", "the customer had not bought the article"
OTHER_PRICE = "sold at another price: the difference was credited or kept back"
UNDELIVERED = "some of it was never handed over"
DELIVERY, ON_ORDER, WITHOUT_ORDER = "delivery", "goodwill on an order", "goodwill without an order"
BY_HAND = {
    MARKETPLACE_FEE: "fee of the marketplace",
    "BANK CHARGES": "charges of the bank",
    "CRUK": "commission of a charity",
    "S": "samples",
}


class TakeBack(Struct, frozen=True):
    """Goods of one order come back on one credit note.

    Args:
        note: the credit note.
        sale: number of the invoice they were sold on.
        goods: lines of the credit note, each with what comes back of which sold line. Where it had
            cost more than the credit note gives, the difference is kept back.
        over: lines of which more comes back than is left; the whole of each is tried here first.
    """

    note: CreditNote
    sale: str
    goods: tuple[tuple[GivenBack, Take], ...]
    over: tuple[GivenBack, ...]

    def tried_units(self, one: GivenBack) -> int:
        """Return how many units are tried for a line of which more comes back than is left.

        All of it, and what other lines of the same credit note bring of the article, because what
        is left has to be asked for before any of it is brought.
        """
        others = (t.units for other, t in self.goods if other is not one and is_alike(other, one))
        return -one.line.quantity + sum(others)


def is_alike(one: GivenBack, other: GivenBack) -> bool:
    """Tell whether two lines give the same article back."""
    return one.line.sku == other.line.sku


class Blind(Struct, frozen=True):
    """Goods and money of a credit note that belong to no order.

    Args:
        note: the credit note.
        goods: its lines with an excess.
        claims: its claims without an order.
    """

    note: CreditNote
    goods: tuple[GivenBack, ...]
    claims: tuple[Claim, ...]


class Goodwill(Struct, frozen=True):
    """Money of a credit note that is credited on one order."""

    note: CreditNote
    sale: str
    claims: tuple[Claim, ...]


class Booking(Struct, frozen=True):
    """A claim that is an entry in the books."""

    note: CreditNote
    claim: Claim


Job = TakeBack | Blind | Goodwill | Booking


def list_bookings(notes: Iterable[CreditNote]) -> list[Booking]:
    """Return the entries in the books."""
    return [Booking(note, one) for note in notes for one in note.claims if one.kind == "booked"]


def list_queues(notes: Iterable[CreditNote]) -> list[list[Job]]:
    """Return the other jobs, a list for each customer; what has none goes by itself."""
    queues: dict[str, list[CreditNote]] = defaultdict(list)
    for note in notes:
        queues[note.customer or note.number].append(note)
    found = (
        [
            *chain.from_iterable(map(list_goods, notes)),
            *chain.from_iterable(map(list_goodwill, notes)),
        ]
        for notes in queues.values()
    )
    return [jobs for jobs in found if jobs]


def list_goods(note: CreditNote) -> Iterator[Job]:
    """Yield what lowers how much the customer has left: order by order, and then blind."""
    over = [one for one in note.goods if one.is_over]
    for sale in dict.fromkeys([*sales_of(note.goods), *(one.bought for one in over)]):
        yield TakeBack(
            note,
            sale,
            tuple((one, take) for one in note.goods for take in one.takes if take.sale == sale),
            tuple(one for one in over if one.bought == sale),
        )
    excess = tuple(one for one in note.goods if one.excess)
    claims = tuple(one for one in note.claims if one.kind != "booked" and not one.sale)
    if excess or claims:
        yield Blind(note, excess, claims)


def list_goodwill(note: CreditNote) -> Iterator[Job]:
    """Yield the claims of a credit note by the order they are credited on."""
    wanted = [one for one in note.claims if one.sale and one.kind != "fee"]
    for sale in dict.fromkeys(one.sale for one in wanted):
        yield Goodwill(note, sale, tuple(one for one in wanted if one.sale == sale))


def fate_of_goods(one: GivenBack, claims: Iterable[Claim]) -> tuple[FateName, str]:
    """Return how a line of goods ends, and why so."""
    if one.is_over:
        return "over_returned", OVER
    if one.excess:
        return "blind", NEVER if one.line.customer else NOBODY
    differs = any(claim.line.number == one.line.number for claim in claims)
    return "returned", OTHER_PRICE if differs else ""


def fate_of_claim(claim: Claim) -> tuple[FateName, str]:
    """Return how a line that is no goods ends, and why so."""
    if claim.kind == "booked":
        return "booked", BY_HAND.get(claim.line.sku, NOBODY)
    if not claim.sale:
        return "credited", WITHOUT_ORDER
    return "credited", DELIVERY if claim.kind == "shipping" else ON_ORDER


def sales_of(goods: Iterable[GivenBack]) -> list[str]:
    """Return the numbers of the sales that lines give back of, each once."""
    return list(dict.fromkeys(take.sale for one in goods for take in one.takes))


def lines_of(job: Job) -> Iterator[int]:
    """Yield the numbers of the raw lines a job does a part of, once for each part."""
    match job:
        case TakeBack():
            yield from (one.line.number for one, _ in job.goods)
            yield from (one.line.number for one in job.over)
        case Blind():
            yield from (one.line.number for one in (*job.goods, *job.claims))
        case Goodwill():
            yield from (one.line.number for one in job.claims)
        case Booking():
            yield job.claim.line.number
