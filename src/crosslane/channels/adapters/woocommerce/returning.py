"""Telling a shop what was decided about a return: a note for its people at the order.

A shop knows no returns of its own. Whoever asks to bring goods back hears of it from us.
"""

from collections.abc import Sequence

from crosslane.channels.adapters.telling import Conversation, Outcome, Outgoing, Talk
from crosslane.channels.adapters.woocommerce.rest import write_note
from crosslane.channels.domain.messages import ReturnEvent

NOTE_CHARACTERS_MAX = 1_000


def tell_return(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop that goods of one of its orders may come back, or may not and why."""
    (one,) = messages
    event = one.message
    if not isinstance(event, ReturnEvent):
        raise TypeError(f"{event} is nothing about a return")
    if event.step not in ("authorized", "declined"):
        return [Outcome(state="unsupported", code="step-untold", detail=event.step)]
    made = yield from write_note(talk, event.order, words(event), customer=False)
    return [Outcome(state="told" if made else "needless")]


def words(event: ReturnEvent) -> str:
    """Return what people of the shop read of a decision, on one line."""
    goods = ", ".join(f"{line.quantity} x {line.sku or line.id}" for line in event.lines)
    verdict = "may come back" if event.step == "authorized" else "is declined"
    said = f"Return {event.ours or event.source_id} {verdict}: {goods}."
    reason = " ".join(event.reason.split())
    return (f"{said} {reason}" if reason else said)[:NOTE_CHARACTERS_MAX].strip()
