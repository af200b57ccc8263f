"""Sales that a till took back: within their batch nothing is left, later the basket goes back."""

from collections.abc import Sequence

import msgspec

from crosslane.channels.adapters import Fault
from crosslane.channels.domain.baskets import inverse
from crosslane.channels.domain.messages import Sale, Void
from crosslane.channels.service import baskets
from crosslane.channels.service.pending import Todo, outcome_of
from crosslane.channels.storage import messages
from crosslane.channels.storage.messages import Outcome, source_key
from crosslane.platform.database import Tx

VOIDED_ALREADY = Fault("voided-already", "Another message has taken it back before")
SALE_GONE = Fault("sale-gone", "What was sold is not kept any more")
BOOKED = Fault("already-booked", "Another version of the batch told of it already, just so")
CARD_SOLD = Fault(
    "gift-card-sold",
    "A gift card was sold in it: block the card, give its money back, and decline this",
    "/voids",
)
CHANGED = Fault("void-changed", "The sale was taken back already, and another one then")

_decoder = msgspec.json.Decoder(Sale)


async def take_back(tx: Tx, todo: Sequence[Todo]) -> list[Outcome]:
    """Take sales back, each for itself; one that was not told of yet is waited for."""
    later = [one for one in todo if isinstance(one.message, Void) and not one.message.same_batch]
    booked = await messages.list_booked(tx, [one.id for one in later]) if later else {}
    outcomes: list[Outcome] = []
    for one in todo:
        if one not in later:
            outcomes.append(outcome_of(one, "voided"))
        elif one.id in booked:
            told = ("outdated", BOOKED) if booked[one.id] else ("quarantined", CHANGED)
            outcomes.append(outcome_of(one, *told))
        else:
            outcomes += await _take_back(tx, one)
    return outcomes


async def _take_back(tx: Tx, one: Todo) -> list[Outcome]:
    message = one.message
    if not isinstance(message, Void):
        raise TypeError(f"{one.pending.kind} takes nothing back")
    channel = one.pending.channel
    sold = await messages.lock_sale(tx, channel, message.voids)
    if sold is None:
        detail = f"The sale {message.voids} has not come yet"
        fault = Fault(baskets.SALE_MISSING, detail, "/voids")
        key = source_key(channel, message.voids)
        return [outcome_of(one, "parked", fault, waits_for=key)]
    if sold.state == "voided":
        return [outcome_of(one, "outdated", VOIDED_ALREADY)]
    if sold.canonical is None:
        return [outcome_of(one, "quarantined", SALE_GONE)]
    sale = _decoder.decode(sold.canonical)
    if sale.issued:
        return [outcome_of(one, "quarantined", CARD_SOLD)]
    basket = inverse(
        sale,
        message.source_id,
        message.event_at,
        message.source_version,
    )
    done = await baskets.carry_out(tx, one, basket)
    if done.state != "applied":
        return [done]
    voided = Outcome(id=sold.id, state="voided", order_id=sold.order_id, return_id=sold.return_id)
    return [done, voided]
