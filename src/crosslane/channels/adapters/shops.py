"""What shop systems have in common, whichever of them it is: people, payment, amounts as text."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.telling import Outcome
from crosslane.channels.domain.messages import Message, Paid, PaymentEvent
from crosslane.customers import Address
from crosslane.kernel import MILLI_PER_MINOR, currency_exponent
from crosslane.orders import StopWish

# What a part of an address is called; no shop has two of the names for different things.
LINES_OF_ADDRESS = (("address1", "address_1"), ("address2", "address_2"))
COUNTRY = ("country_code", "country")
REGION = ("province_code", "province", "state")
POSTCODE = ("zip", "postcode")

# What lets an order go that waited for its money, or ends it.
SETTLED: Mapping[Paid, Literal["paid", "refused"]] = {
    "paid": "paid",
    "partly_refunded": "paid",
    "refunded": "paid",
    "voided": "refused",
}
REFUSED = "refused:"
NAMED_MAX = 5
UNPAID = StopWish(kind="payment", reason="The shop has not been paid yet")


def with_rest(messages: Iterable[Message], branch: Branch) -> Iterator[Message]:
    """Yield what a resource says; what nobody has read of it goes with the first message."""
    said = list(messages)
    if said:
        said[0] = msgspec.structs.replace(said[0], rest=branch.rest())
    yield from said


def settlement(
    number: str, at: datetime, channel: str, outcome: Literal["paid", "refused"]
) -> PaymentEvent:
    """Return that an order is paid, or is not going to be.

    Args:
        number: the shop's own number of the order.
        at: an instant that is the same with every version of the order.
        channel: code of the channel.
        outcome: which of them.
    """
    return PaymentEvent(source_id=number, event_at=at, channel=channel, outcome=outcome)


def address(branch: Branch) -> Address | None:
    """Return an address, None when there is none to speak of."""
    if not branch:
        return None
    names = (branch.text("first_name"), branch.text("last_name"))
    lines = tuple([line for each in LINES_OF_ADDRESS if (line := branch.text(*each))])
    country = branch.text(*COUNTRY)
    found = Address(
        country=country[:200],
        lines=lines,
        city=branch.text("city"),
        postcode=branch.text(*POSTCODE),
        region=branch.text(*REGION),
        name=branch.text("name", default=" ".join(filter(None, names))),
        organization=branch.text("company"),
        phone=branch.text("phone"),
    )
    return found if country or lines or found.city or found.postcode else None


def full_name(branch: Branch) -> str:
    """Return what a person is called."""
    return " ".join(filter(None, (branch.text("first_name"), branch.text("last_name"))))


def amount_text(minor: int, currency: str) -> str:
    """Return an amount in minor units as decimal text, such as 12.50."""
    return price_text(minor * MILLI_PER_MINOR, currency)


def price_text(milli: int, currency: str) -> str:
    """Return a unit price in 1/1000 minor units as decimal text, with no more digits than needed.

    Args:
        milli: the price, nought or more.
        currency: ISO 4217, which says how many digits there are at least.
    """
    least = currency_exponent(currency)
    whole, fine = divmod(milli, MILLI_PER_MINOR * 10**least)
    digits = f"{fine:0{least + 3}}"
    needed = digits[:least] + digits[least:].rstrip("0")
    return f"{whole}.{needed}" if needed else str(whole)


def partly_told(told: int, failed: Mapping[str, str], learnt: Mapping[str, str]) -> Outcome:
    """Return what became of a message of which some rows may not have been taken.

    Args:
        told: rows that were.
        failed: why others were not, by SKU.
        learnt: what later tellings need.
    """
    if not failed:
        return Outcome(learnt=learnt)
    some = [f"{sku} ({code})" for sku, code in sorted(failed.items())[:NAMED_MAX]]
    more = len(failed) - len(some)
    detail = f"Not told: {', '.join(some)}" + (f" and {more} more" if more else "")
    code = next(iter(failed.values())) if len({*failed.values()}) == 1 else "partly-told"
    state = "told" if told else "refused"
    knows = {**learnt, **{f"{REFUSED}{sku}": why for sku, why in failed.items()}}
    return Outcome(state=state, code=code, detail=detail, learnt=knows)
