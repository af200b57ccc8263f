"""What customers want for their goods, and where the money of a return goes for it."""

from collections.abc import Sequence
from uuid import UUID

from crosslane import payments
from crosslane.payments import StoredWish
from crosslane.platform.database import Tx
from crosslane.returns.domain import Return
from crosslane.returns.errors import RefundUnfit
from crosslane.returns.service.wishes import DeskLine, RefundWish, RequestLine

STORED = frozenset({"store_credit", "gift_card"})
ONE_WAY = "the money of one return goes one way; ask for the rest by a return of its own"
NOT_STORED = "lines want it as stored value; refund it so, or want 'refund' for them"
NOBODYS = "nobody knows whose store credit it would be; want a gift card, or name an account"


def refund_wanted(
    lines: Sequence[RequestLine | DeskLine], refund: RefundWish | None, customer_id: UUID | None
) -> RefundWish | None:
    """Return where the money goes, so that nobody who wants store credit gets money instead.

    Args:
        lines: what comes back, and what is wanted for it.
        refund: where the money shall go, None when nobody has said.
        customer_id: whose store credit it would be, None for nobody.

    Raises:
        RefundUnfit: lines want different things, or something else than the refund says.
    """
    wants = {line.wanted for line in lines}
    stored = wants & STORED
    if stored and (len(stored) > 1 or "refund" in wants):
        raise RefundUnfit(pointer="/lines", why=ONE_WAY)
    refund = refund or (RefundWish(method="stored_value") if stored else None)
    if refund is None:
        return None
    if stored and refund.method != "stored_value":
        raise RefundUnfit(pointer="/refund", why=NOT_STORED)
    known = refund.account or customer_id or "gift_card" in stored
    if refund.method == "stored_value" and not known:
        raise RefundUnfit(pointer="/refund", why=NOBODYS)
    return refund


async def open_accounts(tx: Tx, returns: Sequence[Return]) -> None:
    """Name accounts for money that shall be stored value and has none: a new gift card, or credit.

    A gift card gets its code when somebody asks for one, see ``payments.REPLACE_CODE``.
    """
    wanted = [o for o in returns if o.refund_method == "stored_value" and o.refund_account is None]
    cards = [one for one in wanted if any(line.wanted == "gift_card" for line in one.lines)]
    if cards:
        opened = await payments.open_gift_cards(tx, [one.channel_id for one in cards])
        for one, account in zip(cards, opened, strict=True):
            one.refund_account = account
    credits = [one for one in wanted if one.refund_account is None and one.customer_id]
    wishes = [StoredWish(o.entity, o.channel_id, o.currency, o.customer_id) for o in credits]
    for one, account in zip(credits, await payments.store_credits(tx, wishes), strict=True):
        one.refund_account = account
