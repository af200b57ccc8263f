"""States of a shop's orders: WooCommerce's own, and those of plugins as its connection says.

Rules: "Order properties" of WooCommerce's REST API reference, and ``OrderStatus`` of its source.
Plugins make states of their own, such as ``packed``, ``pre-ordered`` or ``partial-payment``, and
two of them call different things alike: whether goods may go then only the shop knows. So the
setting ``states`` says which of WooCommerce's own each of them means.
"""

from collections.abc import Mapping

# A cart somebody is filling in; the order comes when it is made.
DRAFTS = frozenset({"checkout-draft", "auto-draft", "draft", "new"})
OPEN = frozenset({"pending", "on-hold", "failed"})
WORKED = frozenset({"processing", "completed"})
ENDED = frozenset({"cancelled", "refunded", "trash"})
STATES = DRAFTS | OPEN | WORKED | ENDED
SETTING = "states"
# Where the shop keeps a state it writes this before it; where it tells one it does not.
PREFIX = "wc-"


def meaning_of(state: str, settings: Mapping[str, str]) -> str:
    """Return the state of WooCommerce's own that an order is in, "" when nobody has said so.

    Args:
        state: as the shop tells it.
        settings: of the connection, of which ``states`` is read: ``packed=processing``, further
            ones after a comma.
    """
    told = state.removeprefix(PREFIX)
    if told in STATES:
        return told
    meant = _meanings(settings.get(SETTING, "")).get(told, "")
    return meant if meant in STATES else ""


def _meanings(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",")]
    return {
        name.strip().removeprefix(PREFIX): meant.strip().removeprefix(PREFIX)
        for name, _, meant in pairs
    }
